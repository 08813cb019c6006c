package dev.kapal.network;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.regex.Pattern;

/** Checks of the names that end up in file names, environment variables and rules. */
final class Names {
  private static final Pattern NAME = Pattern.compile("[a-zA-Z0-9][a-zA-Z0-9_.-]{0,63}");
  private static final Pattern CONTAINER = Pattern.compile("[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}");
  private static final Pattern PLUGIN = Pattern.compile("[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,63}");
  private static final Pattern MAC = Pattern.compile("[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}");
  private static final Pattern ARGUMENT = Pattern.compile("[^;=\\p{Cntrl}]+");

  private Names() {}

  static String network(String name) {
    return matching(
        NAME,
        name,
        "invalid network name",
        "it starts with a letter or digit, followed by letters, digits, _ . or -, at most 64");
  }

  static String container(String id) {
    return matching(
        CONTAINER,
        id,
        "invalid container id for a network",
        "it starts with a letter or digit, followed by letters, digits, _ . or -, at most 128");
  }

  static String plugin(String type) {
    return matching(
        PLUGIN, type, "invalid CNI plugin type", "it is the name of a program, without a path");
  }

  static String mac(String mac) {
    matching(MAC, mac, "invalid hardware address", "the form is 02:42:ac:11:00:02");
    if ((Integer.parseInt(mac.substring(0, 2), 16) & 1) != 0) {
      throw new NetworkException.Invalid(
          "invalid hardware address \"" + mac + "\": it is a multicast address");
    }
    return mac;
  }

  static String argument(String text) {
    return matching(
        ARGUMENT, text, "invalid CNI argument", "it is not empty and holds neither ; nor =");
  }

  /** Linux's rules for interfaces, and CNI's: 1 to 15 characters, no slash, colon or space. */
  static String device(String name) {
    boolean good =
        !name.isEmpty()
            && name.length() <= 15
            && !name.equals(".")
            && !name.equals("..")
            && name.chars().allMatch(c -> c > 0x20 && c < 0x7f && "/:%\"\\*".indexOf(c) < 0);
    if (!good) {
      throw new NetworkException.Invalid(
          "invalid interface name \""
              + name
              + "\": it has 1 to 15 characters without spaces, slashes and colons");
    }
    return name;
  }

  /** A stable id of 64 hexadecimal digits. */
  static String id(String network) {
    try {
      MessageDigest sha = MessageDigest.getInstance("SHA-256");
      return HexFormat.of()
          .formatHex(sha.digest(("kapal network " + network).getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  private static String matching(Pattern pattern, String text, String what, String rule) {
    if (!pattern.matcher(text).matches()) {
      String shown = text.length() > 80 ? text.substring(0, 80) + "…" : text;
      throw new NetworkException.Invalid(what + " \"" + shown + "\": " + rule);
    }
    return text;
  }
}
