package dev.kapal.image.registry.auth;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * One challenge of a WWW-Authenticate header (RFC 9110, 11.6.1).
 *
 * @param scheme in lower case: {@code basic}, {@code bearer}
 * @param parameters names in lower case; the first of a name counts
 */
public record Challenge(String scheme, Map<String, String> parameters) {
  private static final int LONGEST = 16 << 10;
  private static final int MOST = 32;

  public Optional<String> parameter(String name) {
    return Optional.ofNullable(parameters.get(name));
  }

  /** Reads all challenges of all headers. Takes anything; nonsense gives fewer challenges. */
  public static List<Challenge> parse(List<String> headers) {
    List<Challenge> all = new ArrayList<>();
    for (String header : headers) {
      if (header.length() <= LONGEST && all.size() < MOST) {
        new Parser(header, all).run();
      }
    }
    return List.copyOf(all);
  }

  /**
   * A comma stands both between parameters and between challenges; a token followed by {@code =} is
   * a parameter, any other begins a challenge.
   */
  private static final class Parser {
    private final String text;
    private final List<Challenge> out;
    private int at;

    Parser(String text, List<Challenge> out) {
      this.text = text;
      this.out = out;
    }

    void run() {
      Optional<String> scheme = Optional.empty();
      Map<String, String> parameters = new LinkedHashMap<>();
      while (true) {
        skip(" \t,");
        String token = token();
        if (token.isEmpty()) {
          break;
        }
        skip(" \t");
        if (scheme.isPresent() && at < text.length() && text.charAt(at) == '=') {
          int mark = at;
          at++;
          skip(" \t");
          String value = at < text.length() && text.charAt(at) == '"' ? quoted() : token();
          // "abc==" after a scheme is a token68, which no scheme of ours has.
          if (at > mark + 1 && parameters.size() < MOST) {
            parameters.putIfAbsent(token.toLowerCase(Locale.ROOT), value);
          }
          skip("=");
        } else {
          finish(scheme, parameters);
          scheme = Optional.of(token.toLowerCase(Locale.ROOT));
          parameters = new LinkedHashMap<>();
        }
      }
      finish(scheme, parameters);
    }

    private void finish(Optional<String> scheme, Map<String, String> parameters) {
      if (scheme.isPresent() && out.size() < MOST) {
        out.add(new Challenge(scheme.get(), Map.copyOf(parameters)));
      }
    }

    private void skip(String characters) {
      while (at < text.length() && characters.indexOf(text.charAt(at)) >= 0) {
        at++;
      }
    }

    private String token() {
      int from = at;
      while (at < text.length() && isToken(text.charAt(at))) {
        at++;
      }
      return text.substring(from, at);
    }

    private static boolean isToken(char c) {
      return c > ' ' && c < 0x7f && "=,\"".indexOf(c) < 0;
    }

    private String quoted() {
      StringBuilder value = new StringBuilder();
      at++;
      while (at < text.length() && text.charAt(at) != '"') {
        if (text.charAt(at) == '\\' && at + 1 < text.length()) {
          at++;
        }
        value.append(text.charAt(at++));
      }
      at = Math.min(at + 1, text.length());
      return value.toString();
    }
  }
}
