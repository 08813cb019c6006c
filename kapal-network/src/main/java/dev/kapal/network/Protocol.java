package dev.kapal.network;

import java.util.Locale;

/** A transport protocol whose ports can be published. */
public enum Protocol {
  /** Transmission Control Protocol. */
  TCP,
  /** User Datagram Protocol. */
  UDP,
  /** Stream Control Transmission Protocol. */
  SCTP;

  /** Reads {@code tcp}, {@code udp} or {@code sctp}, in any case. */
  public static Protocol parse(String text) {
    return switch (text.toLowerCase(Locale.ROOT)) {
      case "tcp" -> TCP;
      case "udp" -> UDP;
      case "sctp" -> SCTP;
      default ->
          throw new NetworkException.Invalid(
              "unknown protocol \"" + text + "\" in a port mapping: use tcp, udp or sctp");
    };
  }

  /** The name as CNI and Docker write it, in lower case. */
  public String text() {
    return name().toLowerCase(Locale.ROOT);
  }
}
