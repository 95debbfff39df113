import {
  type CSSVariablesResolver,
  createTheme,
  defaultVariantColorsResolver,
  type MantineColorsTuple,
  type VariantColorsResolver,
} from '@mantine/core';

/** Ten shades of the console's blue; shade 3 is the dark scheme's accent, shade 8 the light scheme's. */
const sky: MantineColorsTuple = [
  '#e7f4fd',
  '#cde7f9',
  '#96cdf2',
  '#5ab6ec',
  '#36a3e6',
  '#2397e3',
  '#1783cc',
  '#0a6fb5',
  '#0a5fa5',
  '#064a82',
];

/** Id of the landmark that holds menus, dialogs and notices, so that nothing stands outside of one. */
export const POPUPS = 'popups';

/** Mantine's dark scheme reads texts, borders and surfaces off this row; these are the tones of tokens.css. */
const dark: MantineColorsTuple = [
  '#e9eff6',
  '#c5d0dc',
  '#a3b0bf',
  '#8492a2',
  '#3a4654',
  '#252e39',
  '#19202a',
  '#11161d',
  '#0a0d12',
  '#07090d',
];

/** Filled parts take their colours from the tokens, which keep text on them readable in both schemes. */
const variantColorResolver: VariantColorsResolver = (input) => {
  if (input.variant !== 'filled') return defaultVariantColorsResolver(input);
  const background = input.color === 'fail' ? 'var(--fail)' : 'var(--busy)';
  return {
    background,
    hover: `color-mix(in srgb, ${background} 88%, var(--text))`,
    color: 'var(--on-fill)',
    border: 'none',
  };
};

/** Our look on Mantine's parts. Colours proper are CSS variables of tokens.css, which both schemes fill. */
export const theme = createTheme({
  primaryColor: 'sky',
  primaryShade: { dark: 3, light: 8 },
  variantColorResolver,
  colors: { sky, dark },
  fontFamily: 'var(--font)',
  headings: { fontFamily: 'var(--font)', fontWeight: '650' },
  defaultRadius: 'md',
  cursorType: 'pointer',
  respectReducedMotion: true,
  components: {
    Button: { defaultProps: { size: 'sm' } },
    Tooltip: { defaultProps: { withArrow: true, openDelay: 350, multiline: true, maw: 320 } },
    Portal: { defaultProps: { target: `#${POPUPS}` } },
    Menu: { defaultProps: { shadow: 'lg', withInitialFocusPlaceholder: false } },
    Modal: {
      defaultProps: { centered: true, overlayProps: { blur: 2 } },
      styles: { content: { border: '1px solid var(--line-strong)' } },
    },
    Spotlight: { styles: { content: { border: '1px solid var(--line-strong)' } } },
    Notification: {
      styles: {
        root: { border: '1px solid var(--line-strong)', background: 'var(--raised)' },
        icon: { color: 'var(--on-fill)' },
      },
    },
  },
});

/** Hands Mantine our tokens, so that its menus, inputs and dialogs stand on the same colours as our panels. */
export const cssVariablesResolver: CSSVariablesResolver = () => {
  const shared = {
    '--mantine-color-body': 'var(--panel)',
    '--mantine-color-text': 'var(--text)',
    '--mantine-color-dimmed': 'var(--dim)',
    '--mantine-color-placeholder': 'var(--faint)',
    '--mantine-color-default': 'var(--raised)',
    '--mantine-color-default-hover': 'var(--line)',
    '--mantine-color-default-color': 'var(--text)',
    '--mantine-color-default-border': 'var(--line-strong)',
    '--mantine-color-error': 'var(--fail)',
  };
  return { variables: {}, dark: shared, light: shared };
};
