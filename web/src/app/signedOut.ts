/** The session is over: everything this page holds belongs to somebody who is gone, so the page goes too. */
export function signedOut(): void {
  const { pathname, search } = window.location;
  if (pathname.startsWith("/w/sign-in") || pathname.startsWith("/w/invite")) return;
  window.location.assign(`/w/sign-in?next=${encodeURIComponent(pathname.slice(2) + search)}`);
}
