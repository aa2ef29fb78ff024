import { queryOptions, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import {
  fetchDepartment,
  fetchDepartmentMembers,
  fetchDepartments,
  fetchMember,
  fetchMembers,
} from "@/api/endpoints";
import type { Department } from "@/api/types";

const fresh = 60_000;

/** All children of a department, read through its pages. */
async function allChildren(parentId: string, signal: AbortSignal): Promise<Department[]> {
  const children: Department[] = [];
  let cursor: string | null = null;
  do {
    const page: { items: Department[]; next: string | null } = await fetchDepartments(
      parentId,
      cursor,
      signal,
    );
    children.push(...page.items);
    cursor = page.next;
  } while (cursor);
  return children;
}

export const departmentChildrenQuery = (parentId: string) =>
  queryOptions({
    queryKey: ["departments", parentId],
    queryFn: ({ signal }) => allChildren(parentId, signal),
    staleTime: fresh,
  });

export const departmentQuery = (id: string) =>
  queryOptions({
    queryKey: ["department", id],
    queryFn: ({ signal }) => fetchDepartment(id, signal),
    staleTime: fresh,
  });

export const memberQuery = (userid: string) =>
  queryOptions({
    queryKey: ["member", userid],
    queryFn: ({ signal }) => fetchMember(userid, signal),
    staleTime: fresh,
  });

export function useDepartmentMembers(id: string) {
  return useInfiniteQuery({
    queryKey: ["department-members", id],
    queryFn: ({ pageParam, signal }) => fetchDepartmentMembers(id, pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    staleTime: fresh,
  });
}

/** By name, pinyin, initials, title and, by right, mobile: the server decides. */
export function useMemberSearch(text: string) {
  const query = text.trim();
  return useQuery({
    queryKey: ["member-search", query],
    queryFn: ({ signal }) => fetchMembers({ query, limit: 50 }, signal),
    enabled: query.length > 0,
    staleTime: fresh,
    placeholderData: (previous) => previous,
  });
}
