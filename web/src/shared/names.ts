import { avatarColours } from "./theme";

const cjk = /[\u3400-\u9fff\uf900-\ufaff]/;

/** Two signs for an avatar: the given name of a Chinese name, the initials of any other. */
export function initials(name: string): string {
  const trimmed = name.trim();
  if (!trimmed) return "?";
  const letters = Array.from(trimmed);
  if (letters.some((letter) => cjk.test(letter))) {
    const chinese = letters.filter((letter) => cjk.test(letter));
    return chinese.length <= 2 ? chinese.join("") : chinese.slice(-2).join("");
  }
  const words = trimmed.split(/[\s._-]+/).filter(Boolean);
  const first = Array.from(words[0] ?? "?")[0] ?? "?";
  const last = words.length > 1 ? (Array.from(words.at(-1) ?? "")[0] ?? "") : "";
  return (first + last).toUpperCase();
}

/** Two signs for a group: the beginning of its name, which is what people call it. */
export function groupInitials(name: string): string {
  const letters = Array.from(name.trim()).filter((letter) => /[\p{L}\p{N}]/u.test(letter));
  return letters.length === 0 ? "#" : letters.slice(0, 2).join("").toUpperCase();
}

/** The same key always has the same colour, on every device. */
export function avatarColour(key: string): string {
  let hash = 0;
  for (const letter of key) hash = (hash * 31 + (letter.codePointAt(0) ?? 0)) >>> 0;
  return avatarColours[hash % avatarColours.length] ?? avatarColours[0];
}
