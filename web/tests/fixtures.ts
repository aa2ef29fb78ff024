import type {
  Attention,
  Conversation,
  Ding,
  DingRecipient,
  Folder,
  Me,
  Member,
  Message,
  NoticeKind,
  ThreadState,
} from "@/api/types";

export const organisation = {
  org_id: "org-1",
  name: "釘板科技",
  code: "pegboard",
  default_country: "TW",
  time_zone: "Asia/Taipei",
  settings: { read_lists: "on", read_lists_up_to: null },
  revision: 1,
} as NonNullable<Me["org"]>;

export function aMember(part: Partial<Member> = {}): Member {
  return {
    userid: "wang",
    name: "王小明",
    pinyin: "wangxiaoming",
    mobile: "+886912345678",
    email: null,
    title: "專案經理",
    job_number: "",
    avatar_file_id: null,
    work_place: "",
    hired_on: null,
    departments: [
      { id: "d1", name: "研發部", path: ["總部", "研發部"], main: true, leader: false, order: 0 },
    ],
    manager_userid: null,
    manager_name: null,
    roles: [],
    admin: null,
    state: "active",
    hide_mobile: false,
    extension: {},
    revision: 1,
    ...part,
  } as Member;
}

export function aMe(part: Partial<Me> = {}): Me {
  return {
    user: { id: "u1", name: "王小明", mobile: null, email: null, language: "zh-TW" },
    organisations: [{ org_id: "org-1", name: "釘板科技", code: "pegboard", userid: "wang", state: "active" }],
    org: organisation,
    member: aMember(),
    powers: [],
    csrf_token: "csrf",
    ...part,
  };
}

let made = 0;

export function aMessage(seq: number, part: Partial<Message> = {}): Message {
  made += 1;
  return {
    id: `m${made}`,
    seq,
    rev: 0,
    sender: { userid: "lin", name: "林雅婷" },
    kind: "text",
    content: { text: `第 ${seq} 則` },
    mentions: [],
    reply_to: null,
    sent_at: new Date(Date.UTC(2026, 0, 5, 1, 0, seq)).toISOString(),
    edited_at: null,
    recalled_at: null,
    recalled_by: null,
    reactions: [],
    previews: [],
    thread_seq: null,
    also_in_main: false,
    thread: null,
    pinned_at: null,
    pinned_by: null,
    receipts: null,
    ...part,
  } as Message;
}

export function aConversation(part: Partial<Conversation> = {}): Conversation {
  return {
    id: "c1",
    kind: "group",
    name: "專案群組",
    avatar_file_id: null,
    topic: "",
    notice: "",
    owner_userid: "wang",
    my_role: "owner",
    member_count: 4,
    head_seq: 0,
    head_rev: 0,
    created_at: "2026-01-01T00:00:00Z",
    dissolved_at: null,
    revision: 1,
    rules: {
      join: "invite",
      speak: "everyone",
      mention_all: "everyone",
      invite: "everyone",
      edit: "admins",
      pin: "admins",
      history_for_new: true,
      read_lists: true,
      mute_all: false,
    },
    mine: {
      read_seq: 0,
      threads_read_seq: 0,
      unread: 0,
      mentions: 0,
      mentioned: false,
      badge: 0,
      first_seq: 1,
      pinned: false,
      muted_until: null,
      hidden: false,
      marked_unread: false,
      draft: "",
    },
    folder_ids: [],
    peer: null,
    last_message: null,
    ...part,
  } as Conversation;
}

/** The rule as the server sends it to somebody who has changed nothing: [number, bold, alert] by kind. */
const usual: Record<NoticeKind, [boolean, boolean, boolean]> = {
  direct: [true, true, true],
  mention: [true, true, true],
  mention_all: [true, true, true],
  reply: [true, true, true],
  thread_reply: [false, true, false],
  group: [false, true, false],
  system: [false, false, false],
  robot: [false, true, false],
  ding: [true, true, true],
  task: [true, true, true],
  approval: [true, true, true],
};
const throughMute: ReadonlySet<NoticeKind> = new Set(["mention", "reply", "ding", "task", "approval"]);
const boldWhenMuted: ReadonlySet<NoticeKind> = new Set(["direct", "mention_all"]);

export function anAttention(part: Partial<Attention> = {}): Attention {
  const kinds = Object.keys(usual) as NoticeKind[];
  const rule = [false, true].flatMap((muted) =>
    kinds.map((kind) => {
      const through = !muted || throughMute.has(kind);
      const [number, bold, alert] = through ? usual[kind] : [false, boldWhenMuted.has(kind), false];
      return { kind, muted, number, bold, alert, why: `attention.why.${kind}`, text: `因為 ${kind}` };
    }),
  );
  return {
    quiet_hours: {
      enabled: false,
      starts: "22:00",
      ends: "08:00",
      days: [1, 2, 3, 4, 5, 6, 7],
      zone: "Asia/Taipei",
    },
    quiet_until: null,
    changes_at: null,
    no_numbers: false,
    mention_pierces_mute: true,
    revision: 0,
    rule,
    ...part,
  };
}

export function aFolder(id: string, part: Partial<Folder> = {}): Folder {
  return {
    id,
    name: id,
    scope: "personal",
    position: 0,
    collapsed: false,
    hidden: false,
    rules: [],
    conversation_ids: [],
    revision: 1,
    ...part,
  };
}

export function aRecipient(userid: string, part: Partial<DingRecipient> = {}): DingRecipient {
  return {
    userid,
    name: userid,
    state: "pending",
    told_at: "2026-01-05T01:00:00Z",
    delivered_at: null,
    acknowledged_at: null,
    reply: null,
    rev: 1,
    ...part,
  };
}

/** One that somebody sent to me; with `mine` and `counts` one of my own. */
export function aDing(part: Partial<Ding> = {}): Ding {
  return {
    id: "ding-1",
    state: "open",
    mine: false,
    sender: { userid: "lin", name: "林雅婷", avatar_file_id: null },
    content: "三號線停機，請立刻到現場",
    message: null,
    files: [],
    steps: [{ channel: "app", after_seconds: 0 }],
    send_at: "2026-01-05T01:00:00Z",
    created_at: "2026-01-05T01:00:00Z",
    fired_at: "2026-01-05T01:00:00Z",
    reminded_at: null,
    repeat: null,
    department_ids: [],
    to_unread: false,
    revision: 1,
    counts: null,
    recipients: [aRecipient("wang")],
    next: null,
    ...part,
  };
}

/** A thread that I follow, and have read. */
export function aThread(part: Partial<ThreadState> = {}): ThreadState {
  return {
    conversation: { id: "c1", kind: "group", name: "專案群組" },
    root_seq: 5,
    root: null,
    replies: 0,
    last_seq: null,
    last_at: null,
    following: true,
    read_seq: part.last_seq ?? 0,
    unread: 0,
    ...part,
  };
}
