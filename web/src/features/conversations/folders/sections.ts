/** The list in sections: a folder each, then what stands in none. Pure. */
import type { Attention, Conversation, Folder } from "@/api/types";
import { standing } from "@/shared/chat/conversations";

export interface Section {
  folder: Folder | null;
  conversations: Conversation[];
  /** Together, as each of them stands out. */
  number: number;
  bold: boolean;
}

export type Row =
  | { key: string; type: "head"; section: Section }
  | { key: string; type: "empty"; section: Section }
  | { key: string; type: "conversation"; section: Section; conversation: Conversation };

function section(
  folder: Folder | null,
  conversations: Conversation[],
  attention: Attention | undefined,
): Section {
  const stand = conversations.map((conversation) => standing(conversation, attention));
  return {
    folder,
    conversations,
    number: stand.reduce((sum, { number }) => sum + number, 0),
    bold: stand.some(({ bold }) => bold),
  };
}

/** A conversation stands in every folder that the server says; those in hidden folders only stay with the rest. */
export function sectionsOf(
  conversations: Conversation[],
  folders: Folder[],
  attention: Attention | undefined,
): Section[] {
  const visible = folders.filter(({ hidden }) => !hidden);
  const ids = new Set(visible.map(({ id }) => id));
  const rest = conversations.filter(({ folder_ids }) => !folder_ids.some((id) => ids.has(id)));
  return [
    ...visible.map((folder) =>
      section(
        folder,
        conversations.filter(({ folder_ids }) => folder_ids.includes(folder.id)),
        attention,
      ),
    ),
    section(null, rest, attention),
  ];
}

/** What stands in the list, line by line. Without folders there are no heads either. */
export function rowsOf(sections: Section[]): Row[] {
  const heads = sections.length > 1;
  return sections.flatMap((each): Row[] => {
    const id = each.folder?.id ?? "rest";
    const open = !each.folder?.collapsed;
    const head: Row[] = heads ? [{ key: id, type: "head", section: each }] : [];
    if (!open) return head;
    if (heads && each.folder && each.conversations.length === 0) {
      return [...head, { key: `${id} empty`, type: "empty", section: each }];
    }
    return [
      ...head,
      ...each.conversations.map(
        (conversation): Row => ({
          key: `${id} ${conversation.id}`,
          type: "conversation",
          section: each,
          conversation,
        }),
      ),
    ];
  });
}
