"""Words that judge accounts or posts: a reader sees them where a post says them, never as ours or a model's."""

import re

_ARTICLE = "(?:[وبلك]?ال|لل|و)?"  # Arabic writes it, and small words before it, as one with the word
_STEMS = {
    "bot": r"bots?|boty|botów|boti|botların|botlar|бот(?:и|ы|ов|ів|ом|ами)?|{ar}بوت(?:ات)?",
    "botnet": r"botnet\w*|ботнет\w*|ботоферм\w*",
    "troll": r"troll(?:s|e|en|eria|ing|ed)?|trol(?:es|s|le|li|lü|ler|leri)?|тролл?(?:ь|я|ю|ем|е|и|ей|ям|ями|ях|і|ів)|{ar}(?:متصيد\w*|ذباب)",
    "fake": r"fakes?|faked|fejk\w*|фейк\w*|{ar}(?:مزيف|مفبرك)\w*",
    "propaganda": r"propagand\w*|propagande|пропаганд\w*|{ar}(?:دعائي\w*|بروباغندا)",
}
"""In the languages that names and summaries are asked for by name (`llm/prompts.py`), as people there write them; words that also mean something
ordinary, as "false" or "untrue" do in each of them, are left out."""
_JUDGING = re.compile(
    "|".join(rf"(?P<{stem}>\b(?:{words.replace('{ar}', _ARTICLE)})\b)" for stem, words in _STEMS.items()), re.IGNORECASE
)


def judged(said: str, given: str) -> str:
    """The first judging word in `said` that `given` does not have, as a word of its own in whatever form; '' where there is none."""
    held = {found.lastgroup for found in _JUDGING.finditer(given)}
    return next((found.group() for found in _JUDGING.finditer(said) if found.lastgroup not in held), "")
