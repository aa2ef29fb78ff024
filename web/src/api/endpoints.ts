/** Every call of the HTTP surface that the client uses, one function each. No component writes a path. */

import { type Query, request, requestBlob } from "./client";
import type { OutgoingContent } from "./content";
import type {
  Attention,
  AttentionChange,
  Bookmark,
  Conversation,
  ConversationMember,
  ConversationRole,
  ConversationRules,
  Department,
  DepartmentDetail,
  Ding,
  DingDelivery,
  DingUsage,
  FileLink,
  Folder,
  FolderRule,
  FoundMessage,
  Import,
  ImportStarted,
  InvitationAcceptance,
  InvitationAccepted,
  InvitationPreview,
  Me,
  Member,
  MemberBrief,
  Message,
  MessageSent,
  Mine,
  NewDing,
  Page,
  Readers,
  ThreadState,
  UploadState,
} from "./types";

const part = encodeURIComponent;
const get = <T>(path: string, query?: Query, signal?: AbortSignal) =>
  request<T>("GET", path, { query, signal });
const post = <T>(path: string, body?: unknown) => request<T>("POST", path, { body });

// identity
export const signIn = (body: { login: string; password: string; org_code?: string }) =>
  post<{ user: { id: string; name: string } }>("/sessions", body);
export const signOut = () => request<void>("DELETE", "/sessions/current");
export const fetchMe = (signal?: AbortSignal) => get<Me>("/me", undefined, signal);
export const updateMe = (change: { language: string }) => request<Me>("PATCH", "/me", { body: change });

// directory
export const previewInvitation = (code: string, signal?: AbortSignal) =>
  get<InvitationPreview>(`/invitations/${part(code)}/preview`, undefined, signal);
export const acceptInvitation = (code: string, body: InvitationAcceptance) =>
  post<InvitationAccepted>(`/invitations/${part(code)}/accept`, body);
export const confirmMembership = (orgId: string) => post<unknown>(`/memberships/${part(orgId)}/confirm`);

export const fetchMembers = (
  query: {
    query?: string;
    department_id?: string;
    recursive?: boolean;
    limit?: number;
    cursor?: string | null;
  },
  signal?: AbortSignal,
) => get<Page<MemberBrief>>("/members", query, signal);
export const fetchMember = (userid: string, signal?: AbortSignal) =>
  get<Member>(`/members/${part(userid)}`, undefined, signal);
export const fetchDepartments = (parentId: string, cursor: string | null, signal?: AbortSignal) =>
  get<Page<Department>>("/departments", { parent_id: parentId, limit: 200, cursor }, signal);
export const fetchDepartment = (id: string, signal?: AbortSignal) =>
  get<DepartmentDetail>(`/departments/${part(id)}`, undefined, signal);
export const fetchDepartmentMembers = (id: string, cursor: string | null, signal?: AbortSignal) =>
  get<Page<MemberBrief>>(`/departments/${part(id)}/members`, { limit: 200, cursor }, signal);

export const startImport = (file: File, options: { dryRun: boolean; skipErrors: boolean }) => {
  const form = new FormData();
  form.append("file", file);
  return request<ImportStarted>("POST", "/imports", {
    query: { dry_run: options.dryRun, skip_errors: options.skipErrors },
    body: form,
  });
};
export const fetchImport = (id: string, signal?: AbortSignal) =>
  get<Import>(`/imports/${part(id)}`, undefined, signal);

// messaging
const at = (conversationId: string) => `/conversations/${part(conversationId)}`;

export const fetchConversations = (cursor: string | null, limit: number, signal?: AbortSignal) =>
  get<Page<Conversation>>("/conversations", { limit, cursor }, signal);
export const fetchConversation = (id: string, signal?: AbortSignal) =>
  get<Conversation>(at(id), undefined, signal);
export const createGroup = (body: { client_id: string; name: string; members: string[] }) =>
  post<Conversation>("/conversations", { kind: "group", ...body });
export const openDirect = (userid: string) =>
  post<Conversation>("/conversations", { kind: "direct", userid });
export const updateConversation = (
  id: string,
  change: {
    name?: string;
    topic?: string;
    notice?: string;
    rules?: Partial<ConversationRules>;
    revision: number;
  },
) => request<Conversation>("PATCH", at(id), { body: change });
export const dissolveConversation = (id: string) => request<void>("DELETE", at(id));
export const leaveConversation = (id: string) => post<unknown>(`${at(id)}/leave`);
export const updateMine = (
  id: string,
  change: Partial<Pick<Mine, "pinned" | "muted_until" | "hidden" | "marked_unread" | "draft">>,
) => request<Mine>("PATCH", `${at(id)}/mine`, { body: change });

export const fetchConversationMembers = (
  id: string,
  query: { query?: string; cursor?: string | null; limit?: number },
  signal?: AbortSignal,
) => get<Page<ConversationMember>>(`${at(id)}/members`, query, signal);
export const addMembers = (id: string, userids: string[]) =>
  post<{ added: string[] }>(`${at(id)}/members`, { userids });
export const removeMember = (id: string, userid: string) =>
  request<void>("DELETE", `${at(id)}/members/${part(userid)}`);
export const changeMember = (
  id: string,
  userid: string,
  change: { role?: Exclude<ConversationRole, "owner">; muted?: boolean },
) => request<unknown>("PATCH", `${at(id)}/members/${part(userid)}`, { body: change });
export const giveOwnership = (id: string, userid: string) =>
  post<Conversation>(`${at(id)}/owner`, { userid });

export const fetchMessages = (
  id: string,
  query: { line?: "main"; after_seq?: number; before_seq?: number; limit: number },
  signal?: AbortSignal,
) => get<Page<Message>>(`${at(id)}/messages`, query, signal);
export const fetchChanges = (id: string, query: { after_rev: number; limit: number }, signal?: AbortSignal) =>
  get<Page<Message>>(`${at(id)}/changes`, query, signal);
export const sendMessage = (
  id: string,
  body: OutgoingContent & {
    client_id: string;
    mentions: string[];
    reply_to: number | null;
    also_in_main: true | null;
  },
) => post<MessageSent>(`${at(id)}/messages`, withoutNulls(body));
export const editMessage = (id: string, seq: number, content: Record<string, unknown>, rev: number) =>
  request<Message | undefined>("PATCH", `${at(id)}/messages/${seq}`, { body: { content, rev } });
export const recallMessage = (id: string, seq: number) =>
  post<Message | undefined>(`${at(id)}/messages/${seq}/recall`);
export const setReaction = (id: string, seq: number, emoji: string, on: boolean) =>
  request<Message>(on ? "PUT" : "DELETE", `${at(id)}/messages/${seq}/reactions/${part(emoji)}`);
export const forwardMessages = (
  toId: string,
  body: { from_conversation_id: string; seqs: number[]; merged: boolean; client_id: string },
) => post<unknown>(`${at(toId)}/forwards`, body);
export const markRead = (id: string, seq: number | null) =>
  post<{ read_seq: number }>(`${at(id)}/read`, seq === null ? {} : { seq });
export const fetchReaders = (id: string, seq: number, cursor: string | null, signal?: AbortSignal) =>
  get<Readers>(`${at(id)}/messages/${seq}/readers`, { cursor }, signal);
export const fetchFileLink = (
  id: string,
  seq: number,
  variant: "original" | "thumbnail",
  /** Which of the files of a forward. */
  fileId: string | null,
  signal?: AbortSignal,
) => get<FileLink>(`${at(id)}/messages/${seq}/file`, { variant, file_id: fileId }, signal);

// threads, pins, bookmarks, search
const thread = (id: string, root: number) => `${at(id)}/threads/${root}`;

export const fetchThreads = (query: { unread?: true; cursor?: string | null; limit: number }) =>
  get<Page<ThreadState>>("/threads", query);
export const fetchThread = (id: string, root: number, signal?: AbortSignal) =>
  get<ThreadState>(thread(id, root), undefined, signal);
export const fetchThreadMessages = (
  id: string,
  root: number,
  query: { after_seq?: number; before_seq?: number; limit: number },
  signal?: AbortSignal,
) => get<Page<Message>>(`${thread(id, root)}/messages`, query, signal);
export const markThreadRead = (id: string, root: number, seq: number) =>
  post<ThreadState>(`${thread(id, root)}/read`, { seq });
export const followThread = (id: string, root: number, on: boolean) =>
  request<ThreadState>(on ? "PUT" : "DELETE", `${thread(id, root)}/following`);

export const setPinned = (id: string, seq: number, on: boolean) =>
  request<Message | undefined>(on ? "PUT" : "DELETE", `${at(id)}/messages/${seq}/pin`);
export const fetchPins = (id: string, cursor: string | null, signal?: AbortSignal) =>
  get<Page<Message>>(`${at(id)}/pins`, { cursor }, signal);

export const fetchBookmarks = (cursor: string | null, limit: number) =>
  get<Page<Bookmark>>("/bookmarks", { cursor, limit });
export const setBookmark = (id: string, seq: number, note: string) =>
  request<unknown>("PUT", `${at(id)}/messages/${seq}/bookmark`, { body: { note } });
export const removeBookmark = (id: string, seq: number) =>
  request<void>("DELETE", `${at(id)}/messages/${seq}/bookmark`);

export const searchMessages = (
  query: {
    q: string;
    conversation_id?: string;
    sender?: string;
    kind?: string;
    after?: string;
    before?: string;
    cursor?: string | null;
  },
  signal?: AbortSignal,
) => get<Page<FoundMessage>>("/search/messages", query, signal);

// attention
export const fetchAttention = (signal?: AbortSignal) => get<Attention>("/me/attention", undefined, signal);
export const changeAttention = (change: AttentionChange) =>
  request<Attention>("PATCH", "/me/attention", { body: change });
export const fetchFolders = (signal?: AbortSignal) => get<Page<Folder>>("/folders", undefined, signal);
export const makeFolder = (body: {
  client_id: string;
  name: string;
  scope: Folder["scope"];
  rules: FolderRule[];
}) => post<Folder>("/folders", body);
export const changeFolder = (
  id: string,
  change: { revision?: number; name?: string; rules?: FolderRule[]; collapsed?: boolean; hidden?: boolean },
) => request<Folder>("PATCH", `/folders/${part(id)}`, { body: change });
export const deleteFolder = (id: string) => request<void>("DELETE", `/folders/${part(id)}`);
export const orderFolders = (ids: string[]) =>
  request<Page<Folder>>("PUT", "/folders/order", { body: { folder_ids: ids } });
export const setInFolder = (id: string, conversationId: string, inside: boolean) =>
  request<void>(inside ? "PUT" : "DELETE", `/folders/${part(id)}/conversations/${part(conversationId)}`);
export const markFolderRead = (id: string) => post<{ conversations: number }>(`/folders/${part(id)}/read`);

// DING
const ding = (id: string) => `/dings/${part(id)}`;

export const fetchDings = (
  box: "received" | "sent",
  query: { state?: "open" | "all"; cursor?: string | null; limit?: number },
  signal?: AbortSignal,
) => get<Page<Ding>>("/dings", { box, ...query }, signal);
export const fetchDing = (id: string, cursor: string | null, signal?: AbortSignal) =>
  get<Ding>(ding(id), { cursor }, signal);
export const sendDing = (body: NewDing) => post<{ id: string }>("/dings", body);
export const fetchDingUsage = (signal?: AbortSignal) => get<DingUsage>("/dings/usage", undefined, signal);
export const acknowledgeDing = (id: string, reply: string) =>
  post<void>(`${ding(id)}/acknowledge`, reply ? { reply } : {});
export const confirmDingDelivery = (id: string) => post<void>(`${ding(id)}/delivered`);
export const remindOfDing = (id: string) => post<void>(`${ding(id)}/remind`);
export const cancelDing = (id: string) => post<void>(`${ding(id)}/cancel`);
export const addDingRecipients = (id: string, body: { userids: string[]; department_ids: string[] }) =>
  post<{ added: string[] }>(`${ding(id)}/recipients`, body);
export const fetchDingDeliveries = (id: string, signal?: AbortSignal) =>
  get<Page<DingDelivery>>(`${ding(id)}/deliveries`, undefined, signal);
export const fetchDingExport = (id: string) => requestBlob(`${ding(id)}/export`);
export const fetchDingFileLink = (id: string, fileId: string) =>
  get<FileLink>(`${ding(id)}/files/${part(fileId)}`);

// files
export const createUpload = (body: { name: string; size: number; type: string; sha256?: string }) =>
  post<{ file_id: string; offset: number }>("/files", body);
export const fetchUploadState = (fileId: string, signal?: AbortSignal) =>
  get<UploadState>(`/files/${part(fileId)}/upload`, undefined, signal);

/** Optional fields are left out rather than sent as null. */
export function withoutNulls<T extends object>(body: T): T {
  return Object.fromEntries(
    Object.entries(body).filter(([, value]) => value !== null && value !== undefined),
  ) as T;
}
