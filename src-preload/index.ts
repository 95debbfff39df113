import { contextBridge, type IpcRendererEvent, ipcRenderer } from 'electron';
import { BRIDGE_CHANNEL, type BridgeMessage, type WorkshopBridge } from './bridge.ts';

/** The whole surface that the page gets: one door for messages. What they may ask is decided by main's router. */
const bridge: WorkshopBridge = {
  send: (message) => ipcRenderer.send(BRIDGE_CHANNEL, message),
  onMessage(listener) {
    const receive = (_event: IpcRendererEvent, message: BridgeMessage) => listener(message);
    ipcRenderer.on(BRIDGE_CHANNEL, receive);
    return () => void ipcRenderer.off(BRIDGE_CHANNEL, receive);
  },
};

contextBridge.exposeInMainWorld('workshop', bridge);
