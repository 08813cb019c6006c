package dev.kapal.cli.template;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Makes nodes of a template's text. */
final class TemplateParser {
  private static final int DEEPEST = 100;
  private static final int LONGEST = 1 << 20;

  /** A piece of the template between or inside braces. */
  private record Piece(boolean action, String text) {}

  private final List<Piece> pieces;
  private int at;
  private int depth;
  private int loops;

  private TemplateParser(List<Piece> pieces) {
    this.pieces = pieces;
  }

  static List<Node> parse(String text) {
    if (text.length() > LONGEST) {
      throw new TemplateException("the template is longer than " + LONGEST + " characters");
    }
    TemplateParser parser = new TemplateParser(split(text));
    List<Node> nodes = new ArrayList<>();
    String end = parser.block(nodes);
    if (!end.isEmpty()) {
      throw new TemplateException("unexpected {{" + end + "}}");
    }
    return List.copyOf(nodes);
  }

  private static List<Piece> split(String text) {
    List<Piece> pieces = new ArrayList<>();
    int at = 0;
    boolean trim = false;
    while (at < text.length()) {
      int open = text.indexOf("{{", at);
      String literal = open < 0 ? text.substring(at) : text.substring(at, open);
      if (trim) {
        literal = literal.stripLeading();
      }
      if (open < 0) {
        pieces.add(new Piece(false, literal));
        return pieces;
      }
      int start = open + 2;
      if (text.startsWith("-", start)
          && start + 1 < text.length()
          && Character.isWhitespace(text.charAt(start + 1))) {
        literal = literal.stripTrailing();
        start += 2;
      }
      pieces.add(new Piece(false, literal));
      int close = close(text, start);
      String action = text.substring(start, close);
      trim =
          action.length() >= 2
              && action.endsWith("-")
              && Character.isWhitespace(action.charAt(action.length() - 2));
      if (trim) {
        action = action.substring(0, action.length() - 2);
      }
      String body = action.strip();
      if (!body.startsWith("/*")) {
        pieces.add(new Piece(true, body));
      } else if (!body.endsWith("*/") || body.length() < 4) {
        throw new TemplateException("unclosed comment");
      }
      at = close + 2;
    }
    return pieces;
  }

  /** Where the closing braces are; those in quotes do not count. */
  private static int close(String text, int start) {
    char quote = 0;
    int from = start;
    if (text.startsWith("/*", from)) {
      int end = text.indexOf("*/", from + 2);
      if (end < 0) {
        throw new TemplateException("unclosed comment");
      }
      from = end + 2;
    }
    for (int i = from; i < text.length(); i++) {
      char c = text.charAt(i);
      if (quote != 0) {
        if (c == '\\' && quote != '`') {
          i++;
        } else if (c == quote) {
          quote = 0;
        }
      } else if (c == '"' || c == '`' || c == '\'') {
        quote = c;
      } else if (text.startsWith("}}", i)) {
        return i;
      }
    }
    throw new TemplateException("unclosed action: a {{ has no }}");
  }

  /** Reads nodes up to an end, an else or the end of the text, and says which. */
  private String block(List<Node> nodes) {
    if (++depth > DEEPEST) {
      throw new TemplateException("the template nests deeper than " + DEEPEST + " levels");
    }
    while (at < pieces.size()) {
      Piece piece = pieces.get(at++);
      if (!piece.action()) {
        if (!piece.text().isEmpty()) {
          nodes.add(new Node.Literal(piece.text()));
        }
        continue;
      }
      String word = keyword(piece.text());
      String rest = piece.text().substring(word.length());
      switch (word) {
        case "end", "else" -> {
          depth--;
          return piece.text();
        }
        case "if" -> nodes.add(branch(false, rest));
        case "with" -> nodes.add(branch(true, rest));
        case "range" -> nodes.add(range(rest));
        case "break", "continue" -> {
          if (loops == 0) {
            throw new TemplateException("{{" + word + "}} outside {{range}}");
          }
          nodes.add(new Node.Jump(word.equals("break")));
        }
        case "template", "define", "block" ->
            throw new TemplateException("{{" + word + "}} is not supported: write it out");
        default -> nodes.add(new Node.Print(new Words(piece.text()).whole()));
      }
    }
    depth--;
    return "";
  }

  private static final Set<String> KEYWORDS =
      Set.of(
          "end", "else", "if", "with", "range", "break", "continue", "template", "define", "block");

  private static String keyword(String action) {
    int end = 0;
    while (end < action.length() && Character.isLetter(action.charAt(end))) {
      end++;
    }
    String word = action.substring(0, end);
    return KEYWORDS.contains(word) ? word : "";
  }

  private Node branch(boolean changesDot, String test) {
    String name = changesDot ? "with" : "if";
    Node.Pipeline pipeline = new Words(test).whole();
    List<Node> yes = new ArrayList<>();
    List<Node> no = new ArrayList<>();
    String end = block(yes);
    if (end.startsWith("else")) {
      String more = end.substring(4).strip();
      if (more.isEmpty()) {
        end = block(no);
      } else {
        String word = keyword(more);
        if (!word.equals(name)) {
          throw new TemplateException("unexpected {{" + end + "}}");
        }
        if (++depth > DEEPEST) {
          throw new TemplateException("the template nests deeper than " + DEEPEST + " levels");
        }
        no.add(branch(changesDot, more.substring(word.length())));
        depth--;
        return new Node.Branch(changesDot, pipeline, List.copyOf(yes), List.copyOf(no));
      }
    }
    ended(end, name);
    return new Node.Branch(changesDot, pipeline, List.copyOf(yes), List.copyOf(no));
  }

  private Node range(String over) {
    Node.Pipeline pipeline = new Words(over).range();
    List<Node> body = new ArrayList<>();
    List<Node> none = new ArrayList<>();
    loops++;
    String end = block(body);
    loops--;
    if (end.equals("else")) {
      end = block(none);
    }
    ended(end, "range");
    return new Node.Range(pipeline, List.copyOf(body), List.copyOf(none));
  }

  private static void ended(String end, String what) {
    if (!end.equals("end")) {
      throw new TemplateException(
          end.isEmpty()
              ? "{{" + what + "}} has no {{end}}"
              : "unexpected {{" + end + "}} in {{" + what + "}}");
    }
  }

  /** Reads the words of one action. */
  private final class Words {
    private final String text;
    private final List<Token> tokens;
    private int next;

    Words(String text) {
      this.text = text.strip();
      this.tokens = Lexer.tokens(this.text);
    }

    Node.Pipeline whole() {
      Node.Pipeline pipeline = pipeline(1);
      if (peek().kind() != Token.Kind.END) {
        throw unexpected(peek());
      }
      return pipeline;
    }

    Node.Pipeline range() {
      Node.Pipeline pipeline = pipeline(2);
      if (peek().kind() != Token.Kind.END) {
        throw unexpected(peek());
      }
      return pipeline;
    }

    private Token peek() {
      return next < tokens.size() ? tokens.get(next) : new Token(Token.Kind.END, "end of action");
    }

    private void spaces() {
      while (peek().kind() == Token.Kind.SPACE) {
        next++;
      }
    }

    private TemplateException unexpected(Token token) {
      return new TemplateException("unexpected \"" + token.text() + "\" in {{" + text + "}}");
    }

    private Node.Pipeline pipeline(int most) {
      spaces();
      List<String> variables = new ArrayList<>();
      boolean declares = false;
      int back = next;
      while (peek().kind() == Token.Kind.VARIABLE && variables.size() < most) {
        variables.add(peek().text());
        next++;
        spaces();
        if (!peek().is(",")) {
          break;
        }
        next++;
        spaces();
      }
      if (!variables.isEmpty() && (peek().is(":=") || peek().is("="))) {
        declares = peek().is(":=");
        next++;
      } else {
        variables.clear();
        next = back;
      }
      List<Node.Call> calls = new ArrayList<>();
      do {
        calls.add(call());
      } while (bar());
      return new Node.Pipeline(List.copyOf(variables), declares, List.copyOf(calls));
    }

    private boolean bar() {
      if (peek().is("|")) {
        next++;
        return true;
      }
      return false;
    }

    private Node.Call call() {
      List<Node.Operand> words = new ArrayList<>();
      spaces();
      while (peek().kind() != Token.Kind.END && !peek().is("|") && !peek().is(")")) {
        words.add(operand());
        spaces();
      }
      if (words.isEmpty()) {
        throw new TemplateException("missing value in {{" + text + "}}");
      }
      return new Node.Call(List.copyOf(words));
    }

    private Node.Operand operand() {
      Token token = peek();
      next++;
      Node.Operand head =
          switch (token.kind()) {
            case FIELD -> {
              next--;
              yield chain(Optional.empty());
            }
            case VARIABLE -> new Node.Variable(token.text());
            case STRING -> new Node.Constant(token.text());
            case NUMBER -> new Node.Constant(number(token.text()));
            case NAME ->
                switch (token.text()) {
                  case "true" -> new Node.Constant(true);
                  case "false" -> new Node.Constant(false);
                  case "nil" -> new Node.Constant(null);
                  default -> {
                    if (!Functions.known(token.text())) {
                      throw new TemplateException("function \"" + token.text() + "\" not defined");
                    }
                    yield new Node.Name(token.text());
                  }
                };
            case MARK -> {
              if (!token.is("(")) {
                throw unexpected(token);
              }
              yield parenthesis();
            }
            case SPACE, END -> throw unexpected(token);
          };
      return peek().kind() == Token.Kind.FIELD && !(head instanceof Node.Chain)
          ? chain(Optional.of(head))
          : head;
    }

    private Node.Operand parenthesis() {
      if (++depth > DEEPEST) {
        throw new TemplateException("the template nests deeper than " + DEEPEST + " levels");
      }
      Node.Pipeline inner = pipeline(1);
      depth--;
      if (!peek().is(")")) {
        throw new TemplateException("unclosed ( in {{" + text + "}}");
      }
      next++;
      return new Node.Parenthesis(inner);
    }

    private Node.Operand chain(Optional<Node.Operand> from) {
      List<String> fields = new ArrayList<>();
      while (peek().kind() == Token.Kind.FIELD) {
        String field = peek().text();
        next++;
        if (field.isEmpty()) {
          if (from.isPresent() || !fields.isEmpty() || peek().kind() == Token.Kind.FIELD) {
            throw new TemplateException("unexpected . in {{" + text + "}}");
          }
        } else {
          fields.add(field);
        }
      }
      return new Node.Chain(from, List.copyOf(fields));
    }

    private Object number(String digits) {
      try {
        return Long.decode(digits.replace("_", ""));
      } catch (NumberFormatException e) {
        try {
          return Double.valueOf(digits.replace("_", ""));
        } catch (NumberFormatException worse) {
          throw new TemplateException("bad number \"" + digits + "\" in {{" + text + "}}");
        }
      }
    }
  }
}
