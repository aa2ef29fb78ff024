import type { Conversation, Me, Member, Message } from "@/api/types";

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
      unread: 0,
      mentioned: false,
      first_seq: 1,
      pinned: false,
      muted_until: null,
      hidden: false,
      marked_unread: false,
      draft: "",
    },
    peer: null,
    last_message: null,
    ...part,
  } as Conversation;
}
