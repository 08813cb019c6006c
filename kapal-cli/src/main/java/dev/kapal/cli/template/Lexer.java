package dev.kapal.cli.template;

import java.util.ArrayList;
import java.util.List;

/** Cuts the inside of one pair of braces into tokens. */
final class Lexer {
  private final String text;
  private final List<Token> tokens = new ArrayList<>();
  private int at;

  private Lexer(String text) {
    this.text = text;
  }

  static List<Token> tokens(String action) {
    return new Lexer(action).run();
  }

  private List<Token> run() {
    while (at < text.length()) {
      char c = text.charAt(at);
      if (Character.isWhitespace(c)) {
        while (at < text.length() && Character.isWhitespace(text.charAt(at))) {
          at++;
        }
        add(Token.Kind.SPACE, " ");
      } else if (c == '"') {
        quoted();
      } else if (c == '`') {
        raw();
      } else if (c == '\'') {
        character();
      } else if (c == '.' && !digitAt(at + 1)) {
        at++;
        add(Token.Kind.FIELD, word());
      } else if (c == '$') {
        at++;
        add(Token.Kind.VARIABLE, "$" + word());
      } else if (digitAt(at) || ((c == '-' || c == '+' || c == '.') && digitAt(at + 1))) {
        number();
      } else if (Character.isLetter(c) || c == '_') {
        add(Token.Kind.NAME, word());
      } else if (text.startsWith(":=", at)) {
        at += 2;
        add(Token.Kind.MARK, ":=");
      } else if ("|()=,".indexOf(c) >= 0) {
        at++;
        add(Token.Kind.MARK, String.valueOf(c));
      } else {
        throw new TemplateException("unexpected " + quote(c) + " in {{" + text + "}}");
      }
    }
    return tokens;
  }

  private static String quote(char c) {
    return "'" + c + "'";
  }

  private void add(Token.Kind kind, String value) {
    tokens.add(new Token(kind, value));
  }

  private boolean digitAt(int i) {
    return i < text.length() && text.charAt(i) >= '0' && text.charAt(i) <= '9';
  }

  private String word() {
    int start = at;
    while (at < text.length()
        && (Character.isLetterOrDigit(text.charAt(at)) || text.charAt(at) == '_')) {
      at++;
    }
    return text.substring(start, at);
  }

  private void number() {
    int start = at++;
    while (at < text.length()
        && (Character.isLetterOrDigit(text.charAt(at)) || ".+-_".indexOf(text.charAt(at)) >= 0)) {
      at++;
    }
    add(Token.Kind.NUMBER, text.substring(start, at));
  }

  private void raw() {
    int end = text.indexOf('`', at + 1);
    if (end < 0) {
      throw unterminated();
    }
    add(Token.Kind.STRING, text.substring(at + 1, end));
    at = end + 1;
  }

  private void quoted() {
    StringBuilder value = new StringBuilder();
    at++;
    while (true) {
      if (at >= text.length() || text.charAt(at) == '\n') {
        throw unterminated();
      }
      char c = text.charAt(at++);
      if (c == '"') {
        break;
      }
      value.append(c == '\\' ? escape() : String.valueOf(c));
    }
    add(Token.Kind.STRING, value.toString());
  }

  /** {@code 'x'} is a number in Go. */
  private void character() {
    int end = text.indexOf('\'', at + 2);
    if (end < 0) {
      throw unterminated();
    }
    at++;
    String value;
    if (text.charAt(at) == '\\') {
      at++;
      value = escape();
    } else {
      value = text.substring(at, end);
      at = end;
    }
    if (at >= text.length()
        || text.charAt(at) != '\''
        || value.codePointCount(0, value.length()) != 1) {
      throw new TemplateException("malformed character in {{" + text + "}}");
    }
    at++;
    add(Token.Kind.NUMBER, String.valueOf(value.codePointAt(0)));
  }

  private String escape() {
    if (at >= text.length()) {
      throw unterminated();
    }
    char c = text.charAt(at++);
    return switch (c) {
      case 'n' -> "\n";
      case 't' -> "\t";
      case 'r' -> "\r";
      case 'a' -> "\u0007";
      case 'b' -> "\b";
      case 'f' -> "\f";
      case 'v' -> "\u000b";
      case '\\', '"', '\'' -> String.valueOf(c);
      case 'x' -> code(2);
      case 'u' -> code(4);
      case 'U' -> code(8);
      default -> throw new TemplateException("unknown escape \\" + c + " in {{" + text + "}}");
    };
  }

  private String code(int digits) {
    if (at + digits > text.length()) {
      throw unterminated();
    }
    String hex = text.substring(at, at + digits);
    at += digits;
    try {
      int value = Integer.parseUnsignedInt(hex, 16);
      if (Character.isValidCodePoint(value)) {
        return Character.toString(value);
      }
    } catch (NumberFormatException e) {
      // said below
    }
    throw new TemplateException("\"" + hex + "\" is not a character in {{" + text + "}}");
  }

  private TemplateException unterminated() {
    return new TemplateException("unterminated quotes in {{" + text + "}}");
  }
}
