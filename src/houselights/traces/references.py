"""Traces that a post carries in its fields: what it reposts, quotes or answers, the sequence of its hashtags, whom it mentions.

SQL over the view `posts_with_text`: posts and their `text_object` (a hash, null where they have none).
A repost repeats somebody's post as a whole: its links, tags and words are no acts of its own, so it leaves one trace.
"""

TEXT_OBJECT_ID = "'text:' || lpad(lower(hex(text_object)), 16, '0')"

REPOSTS = f"""
SELECT author_id AS account_id, 'repost' AS kind, coalesce(repost_of, {TEXT_OBJECT_ID}) AS object_id,
       post_id, created_at AS "at"
FROM posts_with_text
WHERE repost_of IS NOT NULL OR (kind = 'repost' AND text_object IS NOT NULL)
"""

TEXTS = f"""
SELECT author_id AS account_id, 'text' AS kind, {TEXT_OBJECT_ID} AS object_id, post_id, created_at AS "at"
FROM posts_with_text
WHERE kind <> 'repost' AND text_object IS NOT NULL
"""

QUOTES = """
SELECT author_id AS account_id, 'quote' AS kind, quote_of AS object_id, post_id, created_at AS "at"
FROM posts_with_text
WHERE quote_of IS NOT NULL AND kind <> 'repost'
"""

REPLIES = """
SELECT author_id AS account_id, 'reply' AS kind, reply_to AS object_id, post_id, created_at AS "at"
FROM posts_with_text
WHERE reply_to IS NOT NULL AND kind <> 'repost'
"""

MENTIONS = """
SELECT author_id AS account_id, 'mention' AS kind, array_to_string(named, ' ') AS object_id, post_id, created_at AS "at"
FROM (SELECT *, list_sort(list_distinct(list_transform(mentions, lambda m: lower(m)))) AS named FROM posts_with_text)
WHERE len(named) >= 2 AND kind IN ('post', 'quote')
"""
"""Who is named together. Answers are left out: platforms fill in everybody of the conversation."""

HASHTAGS = """
SELECT author_id AS account_id, 'hashtags' AS kind, array_to_string(hashtags, ' ') AS object_id,
       post_id, created_at AS "at"
FROM posts_with_text
WHERE len(hashtags) >= 2 AND kind <> 'repost'
"""

NARRATIVES = """
SELECT p.author_id AS account_id, 'narrative' AS kind, n.narrative_id AS object_id, p.post_id, p.created_at AS "at"
FROM posts_with_text p JOIN post_narratives n ON n.post_id = p.post_id AND n."by" = 'text'
"""
