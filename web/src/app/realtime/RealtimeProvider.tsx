import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useEffect, useMemo } from "react";
import { apiBase, clientOrgId } from "@/api/client";
import { sendMessage } from "@/api/endpoints";
import { NetworkError } from "@/api/errors";
import type { Message, MessageSent } from "@/api/types";
import { OutboxContext } from "@/shared/chat/context";
import { conversationsQuery, getConversation, noteMessage } from "@/shared/chat/conversations";
import { addCreated, getWindow } from "@/shared/chat/messages";
import { Outbox, type Outgoing } from "@/shared/chat/outbox";
import { firstReceipts } from "@/shared/chat/receipts";
import { noteReply } from "@/shared/chat/threads";
import { indexOfSeq } from "@/shared/chat/window";
import { RealtimeConnection } from "@/shared/realtime/connection";
import { RealtimeContext } from "@/shared/realtime/context";
import { useMe } from "@/shared/session/me";
import { signedOut } from "../signedOut";
import { dispatch } from "./dispatcher";

function socketUrl(): string {
  const url = new URL(`${apiBase}/realtime`, window.location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return url.href;
}

/** The socket when it is up, HTTP when it is not: a proxy that breaks sockets must not silence anybody. */
async function transmit(connection: RealtimeConnection, message: Outgoing): Promise<MessageSent> {
  const { conversation_id, client_id, body, mentions } = message;
  const reply_to = message.reply?.seq ?? null;
  const also_in_main = message.also_in_main ? true : null;
  if (connection.state === "online") {
    const optional = {
      ...(mentions.length > 0 && { mentions }),
      ...(reply_to !== null && { reply_to }),
      ...(also_in_main && { also_in_main }),
    };
    try {
      return await connection.command("message.send", { conversation_id, client_id, ...body, ...optional });
    } catch (error) {
      // Whether it arrived is unknown; the same client_id makes asking again safe.
      if (!(error instanceof NetworkError)) throw error;
    }
  }
  return sendMessage(conversation_id, { ...body, client_id, mentions, reply_to, also_in_main });
}

/** My own message as everybody will see it, before its event arrives. */
function acknowledged(
  message: Outgoing,
  answer: MessageSent,
  me: { userid: string; name: string },
  receipts: Message["receipts"],
): Message {
  return {
    id: answer.id,
    seq: answer.seq,
    rev: 0,
    sender: me,
    kind: message.body.kind,
    content: { ...message.body.content },
    mentions: message.mentions,
    reply_to: message.reply,
    sent_at: answer.sent_at,
    edited_at: null,
    recalled_at: null,
    recalled_by: null,
    reactions: [],
    previews: [],
    thread_seq: message.thread,
    also_in_main: message.also_in_main,
    thread: null,
    pinned_at: null,
    pinned_by: null,
    receipts,
  };
}

/** Connects the one socket and the one outbox of a signed-in person to the query cache. */
export function RealtimeProvider({ children }: { children: ReactNode }) {
  const client = useQueryClient();
  const me = useMe();
  const userid = me.member?.userid ?? "";
  const name = me.member?.name ?? me.user.name;
  const { org } = me;
  const orgId = org?.org_id ?? null;

  const connection = useMemo(
    () =>
      new RealtimeConnection({
        url: socketUrl(),
        orgId: orgId ?? clientOrgId(),
        onEvents: (events) => {
          for (const event of events) dispatch(event, { client, myUserid: userid, onSignedOut: signedOut });
        },
        onSignedOut: signedOut,
      }),
    [client, userid, orgId],
  );

  const outbox = useMemo(() => {
    const sent = (message: Outgoing, answer: MessageSent) => {
      const id = message.conversation_id;
      const held = getWindow(client, id, message.also_in_main ? null : message.thread);
      if (held && indexOfSeq(held.items, answer.seq) >= 0) return;
      const conversation = getConversation(client, id);
      const receipts = conversation ? firstReceipts(conversation, org) : null;
      const own = acknowledged(message, answer, { userid, name }, receipts);
      noteMessage(client, id, own, userid);
      noteReply(client, id, own, null, userid);
      addCreated(client, id, own);
    };
    return new Outbox(
      { send: (message) => transmit(connection, message), sent },
      `pegboard.outbox.${orgId}.${userid}`,
    );
  }, [client, connection, org, orgId, userid, name]);

  useEffect(
    () =>
      connection.subscribe(() => {
        if (connection.state === "online") outbox.flush();
      }),
    [connection, outbox],
  );

  // The list first: the heads of the first `hello` then show exactly what came after it was read.
  const listed = useQuery(conversationsQuery(client)).isSuccess;
  useEffect(() => {
    if (!listed) return;
    connection.start();
    outbox.open();
    return () => {
      connection.stop();
      outbox.close();
    };
  }, [connection, outbox, listed]);

  return (
    <RealtimeContext.Provider value={connection}>
      <OutboxContext.Provider value={outbox}>{children}</OutboxContext.Provider>
    </RealtimeContext.Provider>
  );
}
