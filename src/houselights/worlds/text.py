"""A small grammar for posts and headlines in three languages. People and places are made of syllables.

Two independent posts all but never reach a word-set similarity of 0.8: each holds a place, a person and four further
choices.
"""

from collections.abc import Sequence

import numpy as np

LANGS = ("en", "fr", "es")
N_TOPICS = 6


def _split(block: str) -> list[str]:
    return [s.strip() for s in block.split("|")]


_ON = _split("b|br|d|dr|f|g|gr|h|k|kl|l|m|n|p|pr|r|s|st|t|tr|v|z")
_VOWELS = _split("a|e|i|o|u|ai|ei|ou|ia")
_OFF = _split("|||n|r|l|s|m|th")


def made_up_words(rng: np.random.Generator, n: int, syllables: int = 2) -> list[str]:
    """`n` distinct pronounceable words."""
    words: dict[str, None] = {}
    while len(words) < n:
        size = (2 * (n - len(words)) + 16, syllables)
        on, vowel, off = (rng.integers(0, len(x), size) for x in (_ON, _VOWELS, _OFF))
        for a, b, c in zip(on.tolist(), vowel.tolist(), off.tolist(), strict=True):
            words["".join(_ON[i] + _VOWELS[j] + _OFF[k] for i, j, k in zip(a, b, c, strict=True))] = None
    return list(words)[:n]


_NOUNS = {
    "en": """bus line|tram stop|bridge|night train|bicycle lane|parking plan|ring road|ferry|airport link|ticket price
        ;hospital|clinic|pharmacy|waiting list|vaccine centre|ambulance service|nursing home|health budget
        |midwife shortage|dental plan
        ;budget|council vote|mayor's speech|tax plan|election poster|party congress|new law|coalition|public hearing
        |referendum
        ;match|goalkeeper|second half|transfer|stadium roof|training camp|referee|league table|cup final|penalty
        ;album|concert hall|film festival|museum|bookshop|theatre season|street band|exhibition|novel|radio show
        ;river|heat wave|storm warning|wind farm|forest path|harvest|flood wall|solar roof|water price|bee garden""",
    "fr": """la ligne de bus|le tramway|le pont|le train de nuit|la piste cyclable|le parking|la rocade|le ferry
        |la navette|le prix du billet
        ;l'hôpital|la clinique|la pharmacie|la liste d'attente|le centre de soins|le service d'urgence
        |la maison de retraite|le budget santé|la maternité|le plan dentaire
        ;le budget|le vote du conseil|le discours du maire|la taxe|l'affiche électorale|le congrès|la nouvelle loi
        |la coalition|l'audience publique|le référendum
        ;le match|le gardien|la seconde période|le transfert|le toit du stade|le stage|l'arbitre|le classement
        |la finale|le penalty
        ;l'album|la salle de concert|le festival|le musée|la librairie|la saison de théâtre|la fanfare|l'exposition
        |le roman|l'émission
        ;la rivière|la canicule|l'alerte orage|le parc éolien|le sentier|la récolte|la digue|le toit solaire
        |le prix de l'eau|le rucher""",
    "es": """la línea de bus|el tranvía|el puente|el tren nocturno|el carril bici|el aparcamiento|la ronda|el ferry
        |la lanzadera|el billete
        ;el hospital|la clínica|la farmacia|la lista de espera|el centro de salud|la ambulancia|la residencia
        |el presupuesto sanitario|la maternidad|el plan dental
        ;el presupuesto|la votación|el discurso|el impuesto|el cartel electoral|el congreso|la nueva ley
        |la coalición|la audiencia|el referéndum
        ;el partido|el portero|la segunda parte|el fichaje|el techo del estadio|la concentración|el árbitro|la tabla
        |la final|el penalti
        ;el disco|la sala de conciertos|el festival|el museo|la librería|la temporada de teatro|la charanga
        |la exposición|la novela|el programa
        ;el río|la ola de calor|el aviso de tormenta|el parque eólico|el sendero|la cosecha|el dique|el tejado solar
        |el agua|el colmenar""",
}
_OPEN = {
    "en": """Honestly|Just heard that|I still think that|Can someone explain why|Funny how|My sister says
        |Good to see that|Sad news:|No surprise,|Reading that|Every week|It turns out|People forget that
        |Small update:|Question:|Nobody told me|On the way home I saw that|Remember when|Not sure, but|Finally""",
    "fr": """Franchement|On me dit que|Je pense encore que|Quelqu'un sait pourquoi|C'est drôle comme
        |Ma voisine raconte que|Content de voir que|Triste nouvelle :|Sans surprise,|Je lis que|Chaque semaine
        |Il paraît que|On oublie que|Petite nouvelle :|Question :|Personne ne m'a dit que|En rentrant j'ai vu que
        |Je me souviens que|Pas certain, mais|Enfin""",
    "es": """Sinceramente|Me cuentan que|Sigo pensando que|Alguien sabe por qué|Qué curioso que|Mi vecina dice que
        |Me alegra ver que|Triste noticia:|Como era de esperar,|Leo que|Cada semana|Resulta que|Se nos olvida que
        |Novedad:|Pregunta:|Nadie me dijo que|Volviendo a casa vi que|Me acuerdo de cuando|No estoy seguro, pero
        |Por fin""",
}
_VERB = {
    "en": """changes everything again|deserves far more attention|is worse than last year|was late once more
        |keeps getting better|will cost us dearly|makes me smile|needs more money|divides the whole street
        |is back on the table|surprised even the experts|fell apart quickly|opens next month|brings people together
        |looks different now|is a quiet success|got a second chance|worries the older residents
        |should have come sooner|ended in applause""",
    "fr": """change tout encore une fois|mérite bien plus d'attention|va moins bien qu'avant|était en retard encore
        |s'améliore doucement|va nous coûter cher|me fait sourire|manque toujours d'argent|divise toute la rue
        |revient sur la table|étonne même les experts|s'est vite effondré|ouvre le mois prochain|rassemble les gens
        |a bien changé|reste un succès discret|obtient une seconde chance|inquiète les anciens
        |aurait dû arriver avant|finit sous les applaudissements""",
    "es": """lo cambia todo otra vez|merece mucha más atención|está peor que antes|llegó tarde de nuevo
        |mejora poco a poco|nos va a salir caro|me hace sonreír|necesita más dinero|divide a toda la calle
        |vuelve a la mesa|sorprendió hasta a los expertos|se vino abajo pronto|abre el mes que viene|une a la gente
        |ya parece distinto|es un éxito callado|tuvo otra oportunidad|preocupa a los mayores|debió llegar antes
        |acabó con aplausos""",
}
_TAIL = {
    "en": """and {who} was right all along|as {who} wrote this morning|so thank you {who} for staying calm
        |ask {who} if you doubt it|while {who} only talks about the weather|and I miss how {who} used to tell it
        |even {who} agrees for once|maybe {who} can fix that|which {who} promised us two winters ago
        |at least {who} showed up and listened|said {who} over a cold coffee|and {who} owes me lunch now""",
    "fr": """et {who} avait raison depuis le début|comme {who} l'écrivait ce matin|alors merci {who} pour le calme
        |demandez à {who} si vous doutez|pendant que {who} parle de la météo|et {who} le racontait tellement mieux
        |même {who} est d'accord cette fois|peut-être que {who} réparera cela
        |ce que {who} promettait il y a deux hivers|au moins {who} est venu écouter
        |disait {who} devant un café froid|et {who} me doit un repas""",
    "es": """y {who} tenía razón desde el principio|como escribió {who} esta mañana|así que gracias {who} por la calma
        |pregunten a {who} si lo dudan|mientras {who} habla del tiempo|y {who} lo contaba mucho mejor
        |hasta {who} está de acuerdo esta vez|quizá {who} pueda arreglarlo|lo que {who} prometió hace dos inviernos
        |al menos {who} vino a escuchar|decía {who} con un café frío|y {who} me debe una comida""",
}
_PLACE = {"en": "in {0}", "fr": "à {0}", "es": "en {0}"}
_SHORT = {
    "en": "good morning everyone|what a goal|happy birthday my friend|so true|see you tomorrow",
    "fr": "bonjour à tous|quel but|joyeux anniversaire mon ami|tellement vrai|à demain",
    "es": "buenos días a todos|qué golazo|feliz cumpleaños amigo|muy cierto|hasta mañana",
}
_HEADLINE = {
    "en": """{who} on {noun} {place}: “{tail}”|{place_up}: {noun} {verb}, says {who}
        |{noun_up} {place} {verb}, {who} finds|Why {noun} {place} {verb}, by {who}""",
    "fr": """{who} sur {noun} {place} : « {tail} »|{place_up} : {noun} {verb}, selon {who}
        |{noun_up} {place} {verb}, constate {who}|Pourquoi {noun} {place} {verb}, par {who}""",
    "es": """{who} sobre {noun} {place}: «{tail}»|{place_up}: {noun} {verb}, según {who}
        |{noun_up} {place} {verb}, constata {who}|Por qué {noun} {place} {verb}, por {who}""",
}
# One message in other words: claim, judgement and call.
_CLAIM = {
    "en": """{noun} {place} is a waste of our money|{noun} {place} burns our taxes
        |who still pays for {noun} {place}? All of us|every euro for {noun} {place} is lost""",
    "fr": """{noun} {place} gaspille notre argent|{noun} {place} dévore nos impôts
        |qui paie encore {noun} {place} ? Nous tous|chaque euro pour {noun} {place} est perdu""",
    "es": """{noun} {place} malgasta nuestro dinero|{noun} {place} devora nuestros impuestos
        |¿quién paga aún {noun} {place}? Todos|cada euro para {noun} {place} está perdido""",
}
_JUDGE = {
    "en": """and {who} knows it|{who} has seen the figures and stays silent|{who} hides what it costs
        |but {who} will not admit it|ask {who} where it all went""",
    "fr": """et {who} le sait|{who} a vu les chiffres et se tait|{who} cache ce que cela coûte
        |mais {who} ne l'avouera pas|demandez à {who} où tout est passé""",
    "es": """y {who} lo sabe|{who} ha visto las cifras y calla|{who} esconde lo que cuesta
        |pero {who} no lo admitirá|pregunten a {who} adónde fue todo""",
}
_CALL = {
    "en": "stop this now|time to end it|enough is enough|pull the plug today|we will not pay|cancel it",
    "fr": "arrêtons cela|il faut en finir|trop c'est trop|coupez le robinet|nous ne paierons plus|annulez tout",
    "es": "paren esto ya|hay que acabar con ello|basta ya|cierren el grifo|no pagaremos más|cancélenlo todo",
}
_PETITION = {
    "en": "I have just signed “Save {noun} {place}”, started by {who}. Every name counts, please sign and pass it on:",
    "fr": "Je viens de signer « Sauvons {noun} {place} », lancée par {who}. Chaque nom compte, signez, partagez :",
    "es": "Acabo de firmar «Salvemos {noun} {place}», de {who}. Cada firma cuenta, firma y difunde:",
}


class Grammar:
    """Words of one world. Draws come from the generator that each call passes."""

    def __init__(self, rng: np.random.Generator) -> None:
        towns = [w.capitalize() for w in made_up_words(rng, 500, 2)]
        first = [w.capitalize() for w in made_up_words(rng, 60, 2)]
        family = [w.capitalize() for w in made_up_words(rng, 400, 3)]
        self._towns = towns
        self._who = [f"{first[i % 60]} {name}" for i, name in enumerate(family)]
        self._nouns = {k: [_split(topic) for topic in v.split(";")] for k, v in _NOUNS.items()}
        self._open, self._verb = ({k: _split(v) for k, v in block.items()} for block in (_OPEN, _VERB))
        self._tail, self._short = ({k: _split(v) for k, v in block.items()} for block in (_TAIL, _SHORT))
        self._headline = {k: _split(v) for k, v in _HEADLINE.items()}

    def _slots(self, lang: str, topic: int, draw: Sequence[int]) -> dict[str, str]:
        town = self._towns[draw[1] % len(self._towns)]
        who = self._who[draw[2] % len(self._who)]
        tail = self._tail[lang]
        noun = self._nouns[lang][topic % N_TOPICS]
        verb = self._verb[lang]
        return {
            "noun": ("the " if lang == "en" else "") + noun[draw[3] % len(noun)],
            "place": _PLACE[lang].format(town),
            "town": town,
            "who": who,
            "verb": verb[draw[4] % len(verb)],
            "tail": tail[draw[5] % len(tail)].replace("{who}", self._who[draw[6] % len(self._who)]),
        }

    def posts(self, rng: np.random.Generator, lang: np.ndarray, topic: np.ndarray) -> list[str]:
        """One text in own words per entry of `lang` (index into LANGS) and `topic`; about 3 % are short formulas."""
        draws = rng.integers(0, 1 << 30, (len(lang), 9)).tolist()
        out = []
        for d, code, subject in zip(draws, lang.tolist(), topic.tolist(), strict=True):
            name = LANGS[code]
            if d[8] % 33 == 0:
                out.append(self._short[name][d[0] % len(self._short[name])])
                continue
            s = self._slots(name, subject, d)
            out.append(
                f"{self._open[name][d[0] % len(self._open[name])]} {s['noun']} {s['place']} {s['verb']}, {s['tail']}."
            )
        return out

    def headlines(self, rng: np.random.Generator, lang: np.ndarray, topic: np.ndarray) -> list[str]:
        """One headline per entry, at least seven words, as a share button would fill it in."""
        draws = rng.integers(0, 1 << 30, (len(lang), 7)).tolist()
        out = []
        for d, code, subject in zip(draws, lang.tolist(), topic.tolist(), strict=True):
            name = LANGS[code]
            s = self._slots(name, subject, d)
            up = {"place_up": s["place"][0].upper() + s["place"][1:], "noun_up": s["noun"][0].upper() + s["noun"][1:]}
            out.append(self._headline[name][d[0] % len(self._headline[name])].format(**s, **up))
        return out

    def petition(self, rng: np.random.Generator, lang: int, topic: int) -> str:
        """The text that a petition site proposes to those who have signed."""
        s = self._slots(LANGS[lang], topic, rng.integers(0, 1 << 30, 7).tolist())
        return _PETITION[LANGS[lang]].format(**s)

    def paraphrases(self, rng: np.random.Generator, lang: int | np.ndarray, topic: int, n: int) -> list[str]:
        """One message about one thing, place and person in `n` wordings; in one language, or each in its own. lang: index or [n]."""
        draw = rng.integers(0, 1 << 30, 7).tolist()
        names = [LANGS[i] for i in np.broadcast_to(lang, n).tolist()]
        blocks = (_CLAIM, _JUDGE, _CALL)
        picks = [rng.integers(0, len(_split(block["en"])), n).tolist() for block in blocks]
        openings = rng.integers(0, 1 << 30, n).tolist()
        out = []
        for name, opening, *chosen in zip(names, openings, *picks, strict=True):
            s = self._slots(name, topic, draw)
            claim, judge, call = (_split(b[name])[i].format(**s) for b, i in zip(blocks, chosen, strict=True))
            out.append(f"{self._open[name][opening % len(self._open[name])]} {claim}, {judge}: {call}.")
        return out
