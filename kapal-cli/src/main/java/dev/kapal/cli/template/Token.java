package dev.kapal.cli.template;

/**
 * A word of the language inside braces.
 *
 * @param kind what it is
 * @param text as written; for STRING the value
 */
record Token(Kind kind, String text) {
  enum Kind {
    /** {@code .Name}, without the dot; a lone dot has an empty text. */
    FIELD,
    /** {@code $name}, with the dollar. */
    VARIABLE,
    NAME,
    STRING,
    NUMBER,
    /** {@code | ( ) := = ,}. */
    MARK,
    /** A space, which separates arguments. */
    SPACE,
    END
  }

  boolean is(String mark) {
    return kind == Kind.MARK && text.equals(mark);
  }
}
