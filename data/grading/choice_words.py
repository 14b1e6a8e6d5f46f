"""Words around the letter of a choice, in the languages of public multilingual test suites.

A statement is a noun (answer, option), some words that may stand between (is, the, correct), and a
letter. The lists follow what models write in English, Chinese, Japanese, Korean, German, French,
Spanish, Portuguese, Italian, Russian, Arabic, Hindi, Bengali, Swahili, Yoruba, Indonesian,
Vietnamese, Turkish, Polish and Dutch.
"""

from typing import Final

ANSWERS: Final = (
    r"\banswers?", r"\bsolution\s+is", r"\bantwort(?:en)?", r"\blösung", r"\bréponse", r"\breponse",
    r"\brespuesta", r"\bresposta", r"\bgabarito", r"\brisposta", r"\bответ(?:ом)?", r"\bjibu",
    r"\bidahun", r"\bìdáhùn", r"\bjawaban(?:nya)?", r"\bđáp\s+án", r"\bcevap", r"\bodpowiedź",
    r"\bantwoord", r"正确答案", r"答案", r"答复", r"答曰", r"回答", r"解答", r"正解", r"正答",
    r"答え", r"答[:]", r"정답", r"답변", r"답", r"الإجابة", r"الاجابة", r"الجواب", r"إجابة", r"اجابة",
    r"उत्तर", r"जवाब", r"উত্তর",
)  # fmt: skip
"""Nouns whose letter is the answer."""

CHOSEN: Final = (
    r"\bI(?:['’]ll|\s+will|\s+would)?\s+(?:choose|select|pick|go\s+with)", r"\bwe\s+(?:choose|select|pick)",
    r"\b(?:choose|select|pick)", r"\bgo\s+with", r"\b(?:the\s+)?(?:correct|right|best)\s+(?:one|statement)\s+is",
    r"\b(?:correct|right|best)\s+(?:option|choice)(?:\s+is|\s*:)", r"\b(?:option|choice)\s*(?:is|:|would\s+be|must\s+be|should\s+be)",
    r"\brichtig\s+ist", r"\bkorrekt\s+ist", r"故选", r"应选", r"因此选", r"所以选", r"本题选", r"选择", r"选(?!项|擇)",
    r"\b(?:opción|option|opção|alternativa)\s+(?:correcta|correta|correcte)(?:\s+(?:es|é|est))?",
    r"\b(?:bonne|meilleure)\s+(?:option|proposition)\s+est", r"\bправильный\s+вариант",
)  # fmt: skip
"""Phrases that choose."""

OPTIONS: Final = (
    r"\boptions?", r"\bchoice", r"\bopción", r"\bopcion", r"\bopção", r"\balternativa", r"\bletra",
    r"\bopzione", r"\bвариант(?:ом)?", r"\bchaguo", r"\bpilihan", r"\blựa\s+chọn", r"\bproposition",
    r"\bauswahl(?:möglichkeit)?", r"选项", r"選択肢", r"선택지", r"보기", r"الخيار", r"الاختيار",
    r"विकल्प", r"বিকল্প",
)  # fmt: skip
"""Nouns for one of the choices."""

BETWEEN: Final = ["is", "is:", "would", "must", "should", "will", "be", "to", "seems", "appears", "the", "an", "option", "choice", "letter", "number", "correct", "right", "best", "final", "therefore", "thus", "hence", "indeed", "clearly", "definitely", "most", "likely", "probably", "simply", "ist", "lautet", "wäre", "die", "der", "das", "richtige", "richtig", "korrekte", "also", "daher", "somit", "folglich", "buchstabe", "est", "la", "le", "l'", "l’", "donc", "bonne", "correcte", "exacte", "lettre", "option", "proposition", "celle", "sera", "es", "el", "opción", "opcion", "correcta", "correcto", "por", "lo", "tanto", "letra", "inciso", "sería", "final", "é", "e", "a", "o", "alternativa", "opção", "correta", "correto", "portanto", "seria", "é:", "è", "risposta", "corretta", "lettera", "opzione", "quindi", "это", "вариант", "под", "буквой", "буква", "является", "номер", "следующий", "правильный", "верный", "هي", "هو", "الصحيحة", "الصحيح", "الصحيحه", "الخيار", "النهائية", "النهائي", "الحرف", "رقم", "الاختيار", "إذن", "है", "विकल्प", "सही", "अंतिम", "हैः", "है:", "होगा", "ni", "sahihi", "la", "herufi", "chaguo", "kwa", "hiyo", "ni:", "adalah", "yang", "benar", "pilihan", "opsi", "là", "đúng", "doğru", "şıkkı", "to", "jest", "prawidłowa", "poprawna", "juiste", "হলো", "সঠিক", "হল", "বিকল্প", "是", "为", "為", "应", "应为", "应该", "应该是", "应是", "就是", "便是", "即", "即为", "选", "选项", "选择", "项", "则为", "该", "最终", "は", "選択肢", "正しい", "最も", "은", "는", "이", "선택지", "보기", "번", "최종", "가"]  # fmt: skip
"""Words that may stand between a noun and its letter."""

CORRECT: Final = (
    r"(?:is|would\s+be|must\s+be|seems(?:\s+to\s+be)?|appears(?:\s+to\s+be)?)\s+(?:clearly\s+|indeed\s+|therefore\s+|thus\s+)?(?:the\s+|a\s+)?"
    r"(?:only\s+|most\s+)?(?:correct|right|best|true|answer|accurate|appropriate|likely|suitable|valid)",
    r"ist\s+(?:also\s+|daher\s+|somit\s+)?(?:die\s+)?(?:richtig|korrekt|beste|wahr)",
    r"est\s+(?:donc\s+)?(?:la\s+|l['’])?(?:bonne|correct|exact|juste|vrai)",
    r"es\s+(?:la\s+)?(?:correct|respuesta|verdader|mejor)",
    r"é\s+(?:a\s+|o\s+)?(?:corret|resposta|verdadeir|melhor)",
    r"(?:[-—–]\s*|является\s+|это\s+)?(?:правильн|верн)",
    r"(?:ni|ndilo|ndiyo)\s+(?:jibu|sahihi)",
    r"(?:选项|项)?(?:是|为)?(?:最)?(?:正确|符合|恰当|合适|对的|佳|贴切)",
    r"(?:が|は)(?:正解|正しい|適切|答え|最も)",
    r"(?:가|이|은|는)?\s*(?:번이\s*)?(?:정답|맞|옳|올바)",
    r"(?:هو|هي)\s*(?:الصحيح|الإجابة|الجواب)",
    r"(?:ही\s+)?सही\s+(?:है|उत्तर|विकल्प)",
)  # fmt: skip
"""What follows a letter that is the answer."""

WRONG: Final = (
    r"(?:is|was|would\s+be|seems)\s+(?:not|wrong|incorrect|false|ruled|eliminated|out|untrue|inaccurate)",
    r"(?:isn|wasn|doesn|can)['’]?t\b", r"(?:does|do|can)\s*not\b", r"cannot\b",
    r"ist\s+(?:nicht|falsch|inkorrekt)", r"(?:n['’]est|est\s+(?:faux|fausse|incorrect))", r"(?:no\s+es|es\s+(?:falsa|incorrect))",
    r"(?:não\s+é|é\s+(?:fals|incorret))", r"(?:неверн|неправильн|не\s)", r"(?:是|为)?(?:错误|不|错)", r"(?:は|が)(?:誤り|間違|不適切|正しくない)",
    r"(?:은|는|이|가)?\s*(?:틀|오답|옳지|맞지)", r"(?:غير|خاطئ|خطأ)", r"(?:गलत|सही\s+नहीं)", r"si\s+sahihi",
)  # fmt: skip
"""What follows a letter that is not."""

ALPHABETS: Final = {
    "Arabic": ("أبجده", "\u0600-\u06ff"),
    "Devanagari": ("कखगघङ", "\u0900-\u097f"),
    "Bengali": ("অবডঢ", "\u0980-\u09ff"),
    "Cyrillic": ("АБВГД", "\u0400-\u04ff"),
}
"""Letters of other alphabets for A, B, C and so on, and the range of the alphabet."""
