import { signOut } from "@/api/endpoints";
import { forget } from "@/shared/preferences";

/** The first reason to go decides where to: the end of a session is told by several voices at once. */
let going = false;

function go(address: string): void {
  if (going) return;
  going = true;
  window.location.assign(address);
}

/** The session is over: everything this page holds belongs to somebody who is gone, so the page goes too. */
export function signedOut(): void {
  const { pathname, search } = window.location;
  if (pathname.startsWith("/w/sign-in") || pathname.startsWith("/w/invite")) return;
  go(`/w/sign-in?next=${encodeURIComponent(pathname.slice(2) + search)}`);
}

/** The person leaves by their own will: nothing they wrote stays on this device. */
export async function leave(): Promise<void> {
  // The socket hears of the end before the answer is here; this is the one who goes.
  going = true;
  try {
    await signOut();
  } catch (error) {
    going = false;
    throw error;
  }
  forget(["pegboard.draft.", "pegboard.outbox."]);
  going = false;
  go("/w/sign-in");
}
