package dev.kapal.config.schema;

import java.util.List;

/** The table of keys in docs/configuration.md. */
public final class Documentation {
  private Documentation() {}

  /** The table in Markdown, a heading for each table of the configuration. */
  public static String table() {
    StringBuilder text = new StringBuilder();
    String section = "";
    for (Key key : Schema.KEYS) {
      List<String> parts = key.path().parts();
      if (!parts.getFirst().equals(section)) {
        section = parts.getFirst();
        text.append(text.isEmpty() ? "" : "\n").append("### ").append(section).append("\n\n");
        text.append("| key | type | default | meaning |\n|---|---|---|---|\n");
      }
      text.append("| `").append(key.name()).append("` | ").append(key.type().word());
      text.append(" | ").append(standard(key)).append(" | ").append(key.doc());
      if (!key.rule().words().isEmpty()) {
        text.append(" Must be ").append(key.rule().words()).append('.');
      }
      text.append(key.restart() ? " *Restart.*" : "");
      text.append(key.effective() ? " |\n" : " *Not in effect yet.* |\n");
    }
    return text.toString();
  }

  private static String standard(Key key) {
    String text = key.standardText();
    return text.isEmpty() ? "" : "`" + text + "`";
  }
}
