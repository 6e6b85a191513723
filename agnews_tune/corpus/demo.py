"""The built-in corpus: synthetic headlines, each with a sentence, in the four classes of AG News.

Companies, teams, people and news agencies are invented. Rows are made in pairs, one row of each of
two classes, so that classes are balanced. What makes it hard, and networks differ:

- word order: both rows of a pair hold the same words, and their order alone tells the class;
- ambiguity: both headlines of a pair fit both classes;
- noise: the labels of a pair are exchanged.
"""

from __future__ import annotations

import random
import re

WORLD, SPORTS, BUSINESS, SCI_TECH = range(4)
LABEL_NAMES = ("World", "Sports", "Business", "Sci/Tech")

Row = tuple[str, int]
Rows = tuple[list[str], list[int]]

SEED = 2004
TRAIN_ROWS = 8_000
TEST_ROWS = 2_000

# Fractions of all pairs; the pairs that are neither word order nor ambiguous are plain.
WORD_ORDER_SHARE = 0.23
AMBIGUOUS_SHARE = 0.03
NOISY_SHARE = 0.015
# Fractions of the clauses, and of the plain rows.
TITLE_CASE_SHARE = 0.3
CLASS_SENTENCE_SHARE = 0.6

# What a {slot} of a template can become: one of some words, or one of some phrases.
WORDS = {
    "agency": "KLN OBN NPW TELEDAY",
    "dateline": "PARIS LAGOS ATHENS LIMA DELHI OSLO CAIRO BOSTON SEOUL SYDNEY",
    "city": "Paris Lagos Athens Lima Delhi Oslo Cairo Boston Seoul Sydney Rome Madrid Denver",
    "country": "France Nigeria Greece Peru India Norway Egypt Chile Korea Kenya Italy Spain",
    "day": "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
    "month": "January March April June August October November",
    "number": "2 3 4 6 9 11 15 20 36 50 100 250 400",
    "score": "1-0 2-1 3-2 4-0 21-17 98-91 6-4",
    "given_name": "Anna Bram Carla Dmitri Elena Farid Greta Hugo Ines Jonas Kira Luis Mei Nadia",
    "stem": "Bex Cru Dov Fyr Gli Hux Jup Kez Lor Mib Nuv Orv Pilk Quon Ryb Sko Tav Vrel Wuz Zim",
    "name_end": "by dane fors gard ick lund mont nova rik sky stad val vik wood",
    "firm_end": "aco bex dyne gen ico lix max nex onix tec tron var wave",
    "town_end": "ford port burg field haven mouth ton",
    "animals": "Herons Badgers Comets Pilots Otters Miners Ravens Foxes",
}
PHRASES = {
    "person": ("{given_name} {stem}{name_end}",),
    "company": ("{stem}{firm_end}", "{stem}{firm_end} Inc.", "{stem}{firm_end} Corp."),
    "team": ("{stem}{town_end} {animals}", "{city} {animals}", "the {animals}"),
    "money": ("${number} million", "${number}.5 billion", "{number} million euros"),
}
FILLERS = {slot: words.split() for slot, words in WORDS.items()} | PHRASES
SLOT = re.compile(r"{(\w+)}")

# Something happens.
EVENTS = {
    WORLD: (
        "rebels attack a convoy near {city}",
        "{country} votes for a new president",
        "envoys of {country} walk out of peace talks",
        "soldiers open fire on a crowd in {city}",
        "a bomb wrecks an oil pipeline near {city}",
        "the UN court orders {country} to leave the border",
        "thousands march against the government of {country}",
        "{country} wins support for a truce",
        "{country} launches an air strike on rebels",
        "the prime minister of {country} resigns",
        "police in {city} arrest {number} protesters",
    ),
    SPORTS: (
        "{team} beat {team} in overtime",
        "{person} wins the {city} open",
        "striker {person} scores a record goal",
        "{team} fire their coach",
        "{person} breaks the record in the marathon",
        "{team} hold {team} to a draw",
        "a court bans {person} for doping",
        "{team} launch their season with a win",
        "pitcher {person} strikes out {number}",
        "the cup match in {city} goes to penalties",
        "{person} shares the lead at the golf masters",
    ),
    BUSINESS: (
        "shares of {company} fall on weak sales",
        "{company} buys its rival for {money}",
        "oil prices hit a record high",
        "stocks slide on oil fears",
        "profit at {company} beats forecasts",
        "workers at {company} vote to strike",
        "the central bank of {country} raises interest rates",
        "a court clears the merger of {company}",
        "{company} launches a takeover bid",
        "the dollar drops against the euro",
        "investors match the offer for {company}",
    ),
    SCI_TECH: (
        "{company} launches a faster chip",
        "a probe finds ice on a moon of Saturn",
        "a virus attacks computers in {city}",
        "{company} patches a hole in its browser",
        "hackers strike the network of {company}",
        "a search engine opens to music downloads",
        "astronomers record a blast in deep space",
        "users share songs on phones from {company}",
        "{company} wins a software patent in court",
        "a satellite begins its race to Mars",
        "researchers match fossils from {country}",
    ),
}

# Someone does something to someone.
ACTORS = {
    WORLD: (
        "the army of {country}",
        "the president of {country}",
        "a rebel leader in {country}",
        "the parliament in {city}",
    ),
    SPORTS: (
        "striker {person}",
        "the coach of {team}",
        "golf champion {person}",
        "the football league of {country}",
    ),
    BUSINESS: (
        "oil giant {company}",
        "retailer {company}",
        "airline {company}",
        "the central bank of {country}",
    ),
    SCI_TECH: (
        "software maker {company}",
        "chip maker {company}",
        "astronomer {person}",
        "the space lab in {city}",
    ),
}

# The class is that of {main}; {other} is of another class. In half of them the word that decides
# stands far from the part that it decides on, which asks a network to remember.
EVENT_ORDERS = (
    "{main} after {other}{rest}",
    "after {other}, {main}{rest}",
    "top story: {main}{rest} Also in the news: {other}.",
    "old story: {other}{rest} Also in the news: {main}.",
)
ACTOR_ORDERS = (
    "{main} backs {other}{rest}",
    "{other} is backed by {main}{rest}",
    "{main} attacks {other}{rest}",
    "{other} is attacked by {main}{rest}",
    "{main} sues{rest} On the other side: {other}.",
    "{other} is sued{rest} On the other side: {main}.",
    "{main} blames a rival{rest} On the other side: {other}.",
    "{other} is blamed by a rival{rest} On the other side: {main}.",
)

# Headlines that fit two classes. The pairs of classes are taken in this order: after every second
# pair, each class has been used equally often.
AMBIGUOUS = {
    (WORLD, SPORTS): ("{country} wins in {city}", "{person} leads the race in {country}"),
    (BUSINESS, SCI_TECH): ("{company} shares its network", "{company} sets a sales record"),
    (WORLD, BUSINESS): ("{country} strikes an oil deal", "workers strike in {city} over oil"),
    (SPORTS, SCI_TECH): ("{team} launch a video game", "a computer wins the match in {city}"),
    (WORLD, SCI_TECH): ("{country} launches a rocket", "virus fears grow in {country}"),
    (SPORTS, BUSINESS): ("{company} backs {team}", "{person} signs a record deal in {city}"),
}
CLASS_PAIRS = tuple(AMBIGUOUS)

# What stands between the headline and the sentence.
TAGS = (" ", " ({agency}) ", " {agency} - ", " {dateline} ({agency}) - ")

# Sentences that belong to one class.
CLASS_SENTENCES = {
    WORLD: (
        "The government of {country} said on {day} that {number} people died in the attack.",
        "Diplomats hope that the talks in {city} end the war before {month}.",
        "A spokesman of the rebels claimed the strike in {city} on {day}.",
        "President {person} called the election  quot;free and fair quot; on {day}.",
        "{country} #39;s parliament meets on {day} to vote on the nuclear deal.",
    ),
    SPORTS: (
        "{person} scored {number} points and {team} won {score} on {day} night.",
        "The {score} win puts the team into the final of the cup in {city}.",
        "{team} #39;s coach said his players  quot;gave everything quot; in the second half.",
        "It was title {number} for the champion, who hurt a knee on {day}.",
        "The league fined {person} {money} for a fight on the field.",
    ),
    BUSINESS: (
        "The company #39;s stock fell {number} percent on {day}, and analysts cut forecasts.",
        "Quarterly profit rose to {money}, helped by lower costs and strong sales.",
        "Crude for {month} delivery closed at a record in {city} trading.",
        "Investors fear that higher rates and oil prices slow the economy in {month}.",
        "{company} #39;s chief executive {person} will leave with {money} in stock.",
    ),
    SCI_TECH: (
        "The new version of the software runs on Linux and Windows, {company} said on {day}.",
        "NASA hopes that the spacecraft sends back pictures in {month}.",
        "The worm spreads by e-mail and opens the computer to spam, {company} warned.",
        "{company} #39;s wireless service lets users download video to a handset.",
        "The Internet telescope in {country} is  quot;a new way to see the planets. quot;",
    ),
}
# Sentences that fit every class.
SHARED_SENTENCES = (
    "{person} told reporters that more would follow within {number} weeks.",
    " quot;We did not expect this, quot; {person} said in {city} on {day}.",
    "Officials in {city} would not\\comment on the report that came out on {day}.",
    "The news came {number} days after the first talks, a spokesman said.",
    "A decision is due by {month}, within {number} days. &lt;b&gt;...&lt;/b&gt;",
    "Nobody in {city} saw a deal, court or strike coming, {person} said.",
    "It is launch, win or loss {number} since {month}, and  quot;not the last. quot;",
    "The row began in {month}, and has cost more than {money}.",
    '&lt;A HREF="http://www.example.com/{month}"&gt;Full story&lt;/A&gt; from {city} on {day}.',
    "Few in {country} were ready on {day}, and\\fewer still know what comes next.",
)


def generate() -> tuple[Rows, Rows]:
    """Return the demo corpus, the same on every machine.

    Returns:
        Train (8,000 rows) and test (2,000 rows), each as texts and labels; a label (0 to 3) is a
        place in ``LABEL_NAMES``. No two of the 10,000 texts hold the same words in the same order.
    """
    rng = random.Random(SEED)  # noqa: S311  (invented headlines need no secrecy)
    seen: set[str] = set()
    return _split(rng, TRAIN_ROWS, seen), _split(rng, TEST_ROWS, seen)


def _split(rng: random.Random, size: int, seen: set[str]) -> Rows:
    rows: list[Row] = []
    while len(rows) < size:
        pair = _pair(rng, CLASS_PAIRS[len(rows) // 2 % len(CLASS_PAIRS)])
        keys = {"".join(re.findall(r"\w", text.lower())) for text, _ in pair}
        if len(keys) == len(pair) and seen.isdisjoint(keys):
            seen |= keys
            rows += pair
    rng.shuffle(rows)
    return [text for text, _ in rows], [label for _, label in rows]


def _pair(rng: random.Random, classes: tuple[int, int]) -> list[Row]:
    kind = rng.random()
    if kind < WORD_ORDER_SHARE:
        texts = _word_order_texts(rng, classes)
    elif kind < WORD_ORDER_SHARE + AMBIGUOUS_SHARE:
        texts = [_text(rng, AMBIGUOUS[classes], SHARED_SENTENCES) for _ in classes]
    else:
        texts = [_plain_text(rng, label) for label in classes]
    labels = reversed(classes) if rng.random() < NOISY_SHARE else classes
    return list(zip(texts, labels, strict=True))


def _word_order_texts(rng: random.Random, classes: tuple[int, int]) -> list[str]:
    parts, orders = rng.choice(((EVENTS, EVENT_ORDERS), (ACTORS, ACTOR_ORDERS)))
    first, second = (_clause(rng, parts[label]) for label in classes)
    order, rest = rng.choice(orders), _rest(rng, SHARED_SENTENCES)
    texts = (
        order.format(main=first, other=second, rest=rest),
        order.format(main=second, other=first, rest=rest),
    )
    return [_capitalise(text) for text in texts]


def _plain_text(rng: random.Random, label: int) -> str:
    own = rng.random() < CLASS_SENTENCE_SHARE
    return _text(rng, EVENTS[label], CLASS_SENTENCES[label] if own else SHARED_SENTENCES)


def _text(rng: random.Random, headlines: tuple[str, ...], sentences: tuple[str, ...]) -> str:
    return _capitalise(_clause(rng, headlines) + _rest(rng, sentences))


def _clause(rng: random.Random, templates: tuple[str, ...]) -> str:
    clause = _fill(rng, rng.choice(templates))
    return clause.title() if rng.random() < TITLE_CASE_SHARE else clause


def _rest(rng: random.Random, sentences: tuple[str, ...]) -> str:
    return _fill(rng, rng.choice(TAGS)) + _fill(rng, rng.choice(sentences))


def _fill(rng: random.Random, template: str) -> str:
    return SLOT.sub(lambda slot: _fill(rng, rng.choice(FILLERS[slot[1]])), template)


def _capitalise(text: str) -> str:
    return text[0].upper() + text[1:]
