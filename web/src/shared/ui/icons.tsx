/** The few signs Ant Design does not have, drawn on its 1em square. */

interface IconProps {
  className?: string;
}

export function BellSlashIcon({ className }: IconProps) {
  return (
    <svg
      className={className}
      width="1em"
      height="1em"
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="2"
      aria-hidden="true"
    >
      <path d="M6 15.500V11a6 6 0 0 1 12 0v4.500l1.500 2.500h-15zM10 21h4M3.500 3.500l17 17" />
    </svg>
  );
}

export function ReplyIcon({ className }: IconProps) {
  return (
    <svg
      className={className}
      width="1em"
      height="1em"
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="2"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      <path d="M10 5 3 12l7 7v-4.5c5 0 8.500 1.500 11 5-.8-6-4-10.200-11-10.500z" />
    </svg>
  );
}
