import { NumberInput } from '@mantine/core';
import { useEffect, useState } from 'react';

/** A whole number that may be left empty; taken over on Enter or when the field is left. */
export function OwnNumber(props: {
  label: string;
  value: number | null;
  max: number;
  suffix: string;
  placeholder?: string;
  set: (value: number | null) => void;
}) {
  const { label, value, max, suffix, placeholder = 'not said', set } = props;
  const [text, setText] = useState<string | number>(value ?? '');
  useEffect(() => setText(value ?? ''), [value]);
  const commit = () => {
    const number = text === '' ? null : Math.round(Number(text));
    if (number !== null && (!Number.isFinite(number) || number < 1)) return setText(value ?? '');
    if (number !== value) set(number);
  };
  return (
    <NumberInput
      label={label}
      value={text}
      min={1}
      max={max}
      allowDecimal={false}
      suffix={suffix}
      placeholder={placeholder}
      hideControls
      miw="5.75rem"
      maw="8rem"
      onChange={setText}
      onBlur={commit}
      onKeyDown={(event) => event.key === 'Enter' && commit()}
    />
  );
}
