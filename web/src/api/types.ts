/**
 * The names by which the client knows the wire shapes. Everything else imports from here, so that a new
 * `generated.ts` (npm run generate) is answered in this file only.
 */
import type { components } from "./generated";

type Schema = components["schemas"];

export type ErrorEnvelope = Schema["ErrorEnvelope"];
export type FieldError = Schema["ErrorField"];

export type Me = Schema["Me"];
export type MyOrganisation = Schema["MyOrganisation"];
export type Member = Schema["Member"];
export type MemberBrief = Schema["MemberBrief"];
export type MemberState = Schema["MemberState"];
export type Department = Schema["Department"];
export type DepartmentDetail = Schema["DepartmentDetail"];

export type ImportStarted = Schema["ImportStarted"];
export type Import = Schema["Import"];
export type ImportError = Schema["ImportError"];

export type InvitationPreview = Schema["InvitationPreview"];
export type InvitationAcceptance = Schema["InvitationAcceptance"];
export type InvitationAccepted = Schema["InvitationAccepted"];

export type Conversation = Schema["Conversation"];
export type ConversationMember = Schema["GroupMember"];
export type ConversationRole = ConversationMember["role"];
export type ConversationRules = Schema["Rules"];
export type Mine = Schema["Mine"];

export type Message = Schema["Message"];
export type MessageThread = Schema["Thread"];
export type LinkPreview = Schema["Preview"];
export type FoundMessage = Schema["FoundMessage"];
export type ThreadState = Schema["ThreadState"];
export type Bookmark = Schema["Bookmark"];
export type MessageSent = Schema["Sent"];
export type Reaction = Schema["Reaction"];
export type Receipts = Schema["Receipts"];
export type ReplySource = Schema["Quote"];
export type Reader = Schema["Reader"];
export type NonReader = Schema["NonReader"];
export type Readers = Schema["Readers"];

export type Attention = Schema["AttentionOut"];
export type AttentionChange = Schema["AttentionChange"];
export type QuietHours = Schema["QuietHoursOut"];
export type NoticeRule = Schema["RuleOut"];
export type NoticeKind = NoticeRule["kind"];
export type Folder = Schema["FolderOut"];
export type FolderRule = Folder["rules"][number];

export type Ding = Schema["Ding"];
export type DingCounts = Schema["Counts"];
export type DingFile = Schema["DingFile"];
export type DingRecipient = Schema["Recipient"];
export type DingRecipientState = DingRecipient["state"];
export type DingState = Ding["state"];
export type DingStep = Schema["Step"];
export type DingUsage = Schema["Usage"];
export type DingDelivery = Schema["Attempt"];
export type NewDing = Schema["NewDing"];

export type FileLink = Schema["FileLink"];
export type UploadState = Schema["UploadOut"];

/** A list answer: `next` is the cursor of the following page, null on the last one. */
export interface Page<T> {
  items: T[];
  next: string | null;
}
