package dev.kapal.network;

/**
 * Whether pods can get a network now (CRI's {@code NetworkReady}).
 *
 * @param reason a CamelCase word when not ready, empty otherwise
 * @param message a sentence when not ready, empty otherwise
 */
public record Readiness(boolean ready, String reason, String message) {
  /** Ready. */
  public static final Readiness READY = new Readiness(true, "", "");
}
