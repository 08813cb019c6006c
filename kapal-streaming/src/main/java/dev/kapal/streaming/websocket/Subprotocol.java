package dev.kapal.streaming.websocket;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** The subprotocols of Kubernetes' remote commands over WebSocket, best first. */
public enum Subprotocol {
  V5("v5.channel.k8s.io", false, true, true),
  V4("v4.channel.k8s.io", false, true, false),
  V4_BASE64("v4.base64.channel.k8s.io", true, true, false),
  V1("channel.k8s.io", false, false, false),
  V1_BASE64("base64.channel.k8s.io", true, false, false),
  /** A client that names none. */
  NONE("", false, false, false);

  private final String header;
  private final boolean base64;
  private final boolean structuredStatus;
  private final boolean closeSignal;

  Subprotocol(String header, boolean base64, boolean structuredStatus, boolean closeSignal) {
    this.header = header;
    this.base64 = base64;
    this.structuredStatus = structuredStatus;
    this.closeSignal = closeSignal;
  }

  /** Its name in {@code Sec-WebSocket-Protocol}. */
  public String header() {
    return header;
  }

  /** Messages are text: a digit for the channel, then base64. */
  public boolean base64() {
    return base64;
  }

  /** The error channel carries a Status object in JSON, not words. */
  public boolean structuredStatus() {
    return structuredStatus;
  }

  /** Channel 255 closes the channel that its message names: a half-close. */
  public boolean closeSignal() {
    return closeSignal;
  }

  /** The first of the client's offers that is known here. */
  public static Optional<Subprotocol> choose(List<String> offered) {
    if (offered.isEmpty()) {
      return Optional.of(NONE);
    }
    return offered.stream()
        .flatMap(name ->
            Arrays.stream(values()).filter(p -> p != NONE && p.header.equals(name)).limit(1))
        .findFirst();
  }
}
