package dev.kapal.runtime.shim;

import dev.kapal.runtime.ContainerException;
import dev.kapal.runtime.driver.RuntimeMessages;
import dev.kapal.runtime.wire.Message;
import dev.kapal.runtime.wire.WireException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * What {@code start} prints: how the shim is reached. Three forms are known: a bare address, JSON
 * (since containerd 1.7), and a BootstrapResult (since 2.3).
 *
 * @param version of the task service, 2 or 3
 * @param address such as {@code unix:///run/containerd/s/…}
 */
record StartReply(int version, String address) {
  private static final JsonMapper MAPPER = JsonMapper.builder().build();
  private static final Pattern ADDRESS = Pattern.compile("[a-z+]*(?:://)?[/@\\x00][\\x21-\\x7e]+");

  /**
   * Reads it.
   *
   * @param title how the shim is named in errors
   * @throws ContainerException if it is none of the three, or means something that is not served
   */
  static StartReply parse(String title, byte[] printed) {
    String text = new String(printed, StandardCharsets.UTF_8).strip();
    if (text.isEmpty()) {
      throw lied(title, "printed nothing");
    }
    if (text.startsWith("{")) {
      return json(title, text);
    }
    if (ADDRESS.matcher(text).matches()) {
      return checked(title, 2, "ttrpc", text);
    }
    return bootstrap(printed)
        .map(m -> checked(title, (int) m.number(1), m.text(3), m.text(2)))
        .orElseThrow(() -> lied(title, "printed \"" + RuntimeMessages.clean(text) + "\""));
  }

  private static ContainerException lied(String title, String what) {
    return new ContainerException.Failed(
        title
            + " says that it has started, but "
            + what
            + " in the place of its address; is it a shim of containerd?");
  }

  private static StartReply json(String title, String text) {
    try {
      JsonNode node = MAPPER.readTree(text);
      return checked(
          title,
          node.path("version").asInt(0),
          node.path("protocol").asString(""),
          node.path("address").asString(""));
    } catch (JacksonException e) {
      throw lied(title, "printed damaged JSON (" + e.getOriginalMessage() + ")");
    }
  }

  private static Optional<Message> bootstrap(byte[] printed) {
    try {
      Message message = Message.parse(printed);
      return message.text(2).isEmpty() ? Optional.empty() : Optional.of(message);
    } catch (WireException _) {
      return Optional.empty();
    }
  }

  private static StartReply checked(String title, int version, String protocol, String address) {
    if (version != 2 && version != 3) {
      throw new ContainerException.Unsupported(
          "unsupported shim version ("
              + version
              + "): "
              + title
              + " speaks it, and Kapal speaks 2 and 3; take a shim of containerd 1.4 to 2.x, or a"
              + " newer Kapal");
    }
    if (!protocol.equals("ttrpc") && !protocol.isEmpty()) {
      throw new ContainerException.Unsupported(
          title + " speaks " + RuntimeMessages.clean(protocol) + ", and Kapal speaks ttrpc only");
    }
    if (!ADDRESS.matcher(address).matches()) {
      throw lied(title, "gave \"" + RuntimeMessages.clean(address) + "\"");
    }
    return new StartReply(version, address);
  }
}
