/** What is dragged over the list: a conversation to a folder, or a folder to its place. */
import { type DragEvent, useState } from "react";

const conversationType = "application/x-pegboard-conversation";
const folderType = "application/x-pegboard-folder";

export function dragConversation(event: DragEvent, id: string, folderId: string | null): void {
  event.dataTransfer.setData(conversationType, JSON.stringify({ id, folderId }));
  event.dataTransfer.effectAllowed = "move";
}

export function dragFolder(event: DragEvent, id: string): void {
  event.dataTransfer.setData(folderType, id);
  event.dataTransfer.effectAllowed = "move";
}

export interface Dropped {
  onConversation: (id: string, fromFolderId: string | null) => void;
  onFolder?: (id: string) => void;
}

/** The handlers of a place where things are dropped, and whether something is over it. */
export function useDropPlace({ onConversation, onFolder }: Dropped) {
  const [over, setOver] = useState(false);
  const takes = ({ dataTransfer }: DragEvent) =>
    dataTransfer.types.includes(conversationType) ||
    (onFolder !== undefined && dataTransfer.types.includes(folderType));
  const handlers = {
    onDragOver: (event: DragEvent) => {
      if (!takes(event)) return;
      event.preventDefault();
      event.dataTransfer.dropEffect = "move";
      setOver(true);
    },
    onDragLeave: () => setOver(false),
    onDrop: (event: DragEvent) => {
      setOver(false);
      if (!takes(event)) return;
      event.preventDefault();
      const folder = event.dataTransfer.getData(folderType);
      if (folder) {
        onFolder?.(folder);
        return;
      }
      const { id, folderId } = JSON.parse(event.dataTransfer.getData(conversationType)) as {
        id: string;
        folderId: string | null;
      };
      onConversation(id, folderId);
    },
  };
  return { over, handlers };
}
