import type { Handler } from "../dispatcher";

export const sessionEnded: Handler<"session.ended"> = (_event, { onSignedOut }) => onSignedOut();
