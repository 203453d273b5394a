// Addresses of pages, with the switches of this page kept.
const KEPT = ["masked"];

function address(path, query) {
  const asked = new URLSearchParams(query);
  const now = new URLSearchParams(location.search);
  for (const name of KEPT) if (now.has(name)) asked.set(name, now.get(name));
  return `${path}?${asked}`;
}

/** The feed of one account within a finding; `key` is how addresses name it. */
export const postsOf = (finding, key) => address("/feed", { finding, account: key });

/** The feed of a finding, from this post on. */
export const aPost = (finding, no) => `${address("/feed", { finding, after: Math.max(0, no - 1) })}#post-${no}`;
