package dev.kapal.streaming.server;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * How the streaming server listens.
 *
 * @param address the address to bind; loopback unless there is a reason
 * @param port 0: any that is free
 * @param tls certificates; empty: plain HTTP
 * @param urlLife how long a URL that nobody has used stays good
 * @param maxUrls how many of them there may be
 * @param setupTime how long a client may take to open its streams
 * @param idleTime how long a connection may carry nothing; zero: for ever
 */
public record StreamingOptions(
    String address,
    int port,
    Optional<Tls> tls,
    Duration urlLife,
    int maxUrls,
    Duration setupTime,
    Duration idleTime) {

  /**
   * Certificates, as PEM files.
   *
   * @param certificate the server's chain
   * @param key its key, PKCS #8
   * @param clientAuthorities clients must show a certificate of one of these; empty: any client
   */
  public record Tls(Path certificate, Path key, Optional<Path> clientAuthorities) {}

  /** Loopback, any port, no TLS, and the times that the kubelet's own server keeps. */
  public static StreamingOptions loopback() {
    return new StreamingOptions(
        "127.0.0.1",
        0,
        Optional.empty(),
        Duration.ofMinutes(1),
        1000,
        Duration.ofSeconds(30),
        Duration.ofHours(4));
  }

  public StreamingOptions withAddress(String newAddress, int newPort) {
    return new StreamingOptions(newAddress, newPort, tls, urlLife, maxUrls, setupTime, idleTime);
  }

  public StreamingOptions withTls(Tls newTls) {
    return new StreamingOptions(
        address, port, Optional.of(newTls), urlLife, maxUrls, setupTime, idleTime);
  }

  public StreamingOptions withUrls(Duration life, int max) {
    return new StreamingOptions(address, port, tls, life, max, setupTime, idleTime);
  }

  public StreamingOptions withIdleTime(Duration idle) {
    return withTimes(setupTime, idle);
  }

  public StreamingOptions withTimes(Duration setup, Duration idle) {
    return new StreamingOptions(address, port, tls, urlLife, maxUrls, setup, idle);
  }
}
