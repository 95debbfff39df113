/** How what is kept for a workshop is found again. */
export interface WorkshopKey {
  /** Of its saved profile: what is kept stays with it when its Redis moves. null for one given from outside. */
  id: string | null;
  /** Of its Redis, in words. */
  address: string;
}
