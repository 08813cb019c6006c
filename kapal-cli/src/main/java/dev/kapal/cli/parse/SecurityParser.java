package dev.kapal.cli.parse;

import dev.kapal.engine.spec.SecuritySpec;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;

/** The security options of run. */
public final class SecurityParser {
  private SecurityParser() {}

  /**
   * Applies all --security-opt.
   *
   * @param readFile reads a seccomp profile's file of the client
   */
  public static void options(
      List<String> options, UnaryOperator<String> readFile, SecuritySpec.Builder security) {
    List<String> label = new ArrayList<>();
    for (String text : options) {
      int split = text.indexOf('=') >= 0 ? text.indexOf('=') : text.indexOf(':');
      String key = split < 0 ? text : text.substring(0, split);
      String value = split < 0 ? "" : text.substring(split + 1);
      if (value.isEmpty() && !key.equals("no-new-privileges")) {
        throw bad(text, "it has no value");
      }
      switch (key) {
        case "no-new-privileges" ->
            security.noNewPrivileges(
                switch (value) {
                  case "", "true" -> true;
                  case "false" -> false;
                  default -> throw bad(text, "no-new-privileges is not true or false");
                });
        case "seccomp" ->
            security.seccomp(
                switch (value) {
                  case "unconfined" -> SecuritySpec.Seccomp.UNCONFINED;
                  case "builtin" -> SecuritySpec.Seccomp.BUILTIN;
                  default -> SecuritySpec.Seccomp.ofProfile(readFile.apply(value));
                });
        case "apparmor" -> security.apparmor(value);
        case "label" -> label.add(value);
        case "systempaths" -> {
          if (!value.equals("unconfined")) {
            throw bad(text, "systempaths can only be unconfined");
          }
          security.unmaskSystemPaths(true);
        }
        default -> throw bad(text, "the option \"" + key + "\" is not known");
      }
    }
    label(label, security);
  }

  /** label=user:U, role:R, type:T, level:L make one SELinux label; disable turns labels off. */
  private static void label(List<String> parts, SecuritySpec.Builder security) {
    if (parts.isEmpty() || parts.contains("disable")) {
      return;
    }
    String user = "system_u";
    String role = "system_r";
    String type = "container_t";
    String level = "s0";
    for (String part : parts) {
      int colon = part.indexOf(':');
      String value = colon < 0 ? "" : part.substring(colon + 1);
      switch (colon < 0 ? part : part.substring(0, colon)) {
        case "user" -> user = value;
        case "role" -> role = value;
        case "type" -> type = value;
        case "level" -> level = value;
        case "filetype", "nested" -> {}
        default -> throw bad("label=" + part, "it is not user:, role:, type:, level: or disable");
      }
    }
    security.selinuxLabel(String.join(":", user, role, type, level));
  }

  private static dev.kapal.cli.model.UsageException bad(String text, String why) {
    return Bad.value(
        "security-opt",
        text,
        why,
        "use no-new-privileges, seccomp=FILE|unconfined, apparmor=PROFILE, label=… or"
            + " systempaths=unconfined");
  }
}
