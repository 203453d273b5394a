"""One set of names for persuasion techniques, and how other label sets say them.

The names are those of SemEval-2023 task 3 (Piskorski et al. 2023, subtask 3: 23 techniques).
"""

from collections.abc import Set as AbstractSet

TECHNIQUES = (
    "Appeal_to_Authority",
    "Appeal_to_Fear-Prejudice",
    "Appeal_to_Hypocrisy",
    "Appeal_to_Popularity",
    "Appeal_to_Time",
    "Appeal_to_Values",
    "Causal_Oversimplification",
    "Consequential_Oversimplification",
    "Conversation_Killer",
    "Doubt",
    "Exaggeration-Minimisation",
    "False_Dilemma-No_Choice",
    "Flag_Waving",
    "Guilt_by_Association",
    "Loaded_Language",
    "Name_Calling-Labeling",
    "Obfuscation-Vagueness-Confusion",
    "Questioning_the_Reputation",
    "Red_Herring",
    "Repetition",
    "Slogans",
    "Straw_Man",
    "Whataboutism",
)
FAMILIES = {
    "Attack_on_Reputation": (
        "Appeal_to_Hypocrisy",
        "Doubt",
        "Guilt_by_Association",
        "Name_Calling-Labeling",
        "Questioning_the_Reputation",
    ),
    "Call": ("Appeal_to_Time", "Conversation_Killer", "Slogans"),
    "Distraction": ("Red_Herring", "Straw_Man", "Whataboutism"),
    "Justification": (
        "Appeal_to_Authority",
        "Appeal_to_Fear-Prejudice",
        "Appeal_to_Popularity",
        "Appeal_to_Values",
        "Flag_Waving",
    ),
    "Manipulative_Wording": (
        "Exaggeration-Minimisation",
        "Loaded_Language",
        "Obfuscation-Vagueness-Confusion",
        "Repetition",
    ),
    "Simplification": ("Causal_Oversimplification", "Consequential_Oversimplification", "False_Dilemma-No_Choice"),
}
"""The coarse level of the same taxonomy: easier to agree on, for people and for models."""
LABELS = (*TECHNIQUES, *FAMILIES)
"""The order of a trained model's columns."""
_OTHER = {
    # SemEval-2020 task 11 (news)
    "Appeal_to_fear-prejudice": "Appeal_to_Fear-Prejudice",
    "Black-and-White_Fallacy": "False_Dilemma-No_Choice",
    "Exaggeration,Minimisation": "Exaggeration-Minimisation",
    "Flag-Waving": "Flag_Waving",
    "Name_Calling,Labeling": "Name_Calling-Labeling",
    "Thought-terminating_Cliches": "Conversation_Killer",
    # SemEval-2021 task 6 (memes)
    "Appeal to authority": "Appeal_to_Authority",
    "Appeal to fear/prejudice": "Appeal_to_Fear-Prejudice",
    "Bandwagon": "Appeal_to_Popularity",
    "Black-and-white Fallacy/Dictatorship": "False_Dilemma-No_Choice",
    "Causal Oversimplification": "Causal_Oversimplification",
    "Exaggeration/Minimisation": "Exaggeration-Minimisation",
    "Flag-waving": "Flag_Waving",
    "Glittering generalities (Virtue)": "Appeal_to_Values",
    "Loaded Language": "Loaded_Language",
    "Misrepresentation of Someone's Position (Straw Man)": "Straw_Man",
    "Name calling/Labeling": "Name_Calling-Labeling",
    "Obfuscation, Intentional vagueness, Confusion": "Obfuscation-Vagueness-Confusion",
    "Presenting Irrelevant Data (Red Herring)": "Red_Herring",
    "Reductio ad hitlerum": "Guilt_by_Association",
    "Smears": "Questioning_the_Reputation",
    "Thought-terminating cliché": "Conversation_Killer",
    # UNLP 2025 (Telegram posts); euphoria and cherry picking have no name here, fear-uncertainty-doubt is nearest to doubt
    "appeal_to_fear": "Appeal_to_Fear-Prejudice",
    "bandwagon": "Appeal_to_Popularity",
    "cliche": "Conversation_Killer",
    "fud": "Doubt",
    "glittering_generalities": "Appeal_to_Values",
    "loaded_language": "Loaded_Language",
    "straw_man": "Straw_Man",
    "whataboutism": "Whataboutism",
}
SEVERAL = {
    "Bandwagon,Reductio_ad_hitlerum": ("Appeal_to_Popularity", "Guilt_by_Association"),
    "Whataboutism,Straw_Men,Red_Herring": ("Whataboutism", "Straw_Man", "Red_Herring", "Appeal_to_Hypocrisy"),
}
"""Names that SemEval-2020 gives to several techniques at once."""


def name_of(label: str) -> str | None:
    """The one name of a label of any of the sets; None for what has no counterpart or is several at once (`SEVERAL`)."""
    if label in TECHNIQUES:
        return label
    return _OTHER.get(label)


def families_of(techniques: AbstractSet[str]) -> frozenset[str]:
    """The families that techniques belong to."""
    return frozenset(family for family, members in FAMILIES.items() if not techniques.isdisjoint(members))


def families_unknown(techniques: AbstractSet[str]) -> frozenset[str]:
    """The families of which more than half of the techniques are not annotated, given those that are not."""
    return frozenset(f for f, members in FAMILIES.items() if 2 * len(techniques & set(members)) > len(members))
