package dev.kapal.image.registry;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * How to reach registries; the daemon has one.
 *
 * @param hostsDirs directories with {@code HOST/hosts.toml} (containerd's layout) or {@code
 *     HOST/*.crt} (Docker's); the first directory that knows a registry is the one used for it
 * @param mirrors more mirrors by registry name ({@code *} for any), tried after those of hosts.toml
 *     and before the server; a URL each
 * @param insecure registries that may speak http or show any certificate: host, host:port or CIDR
 * @param environment where the proxy settings are looked up (HTTP_PROXY, HTTPS_PROXY, NO_PROXY in
 *     upper or lower case); usually {@link System#getenv()}
 * @param limits what we take from a server
 * @param timing how long we wait
 * @param maxDownloads blobs downloaded at a time, whoever asks; others wait for their turn
 * @param maxDownloadsPerPull blobs of one {@link Registry#fetchAll} downloaded at a time
 * @param maxUploads blobs uploaded at a time, whoever asks; others wait for their turn
 * @param foreignLayers whether a layer's {@code urls} may be followed (off: they are asked of the
 *     registry like all others)
 * @param userAgent sent with every request
 */
public record RegistryConfig(
    List<Path> hostsDirs,
    Map<String, List<String>> mirrors,
    Set<String> insecure,
    Map<String, String> environment,
    Limits limits,
    Timing timing,
    int maxDownloads,
    int maxDownloadsPerPull,
    int maxUploads,
    boolean foreignLayers,
    String userAgent) {

  public RegistryConfig {
    hostsDirs = List.copyOf(hostsDirs);
    mirrors = Map.copyOf(mirrors);
    insecure = Set.copyOf(insecure);
    environment = Map.copyOf(environment);
    if (maxDownloads < 1 || maxDownloadsPerPull < 1 || maxUploads < 1) {
      throw new IllegalArgumentException("at least one transfer at a time is needed");
    }
  }

  /**
   * Bounds on what a server may send.
   *
   * @param manifestBytes largest manifest or index (the specification asks for 4 MiB)
   * @param errorBytes of an error's body that are read
   * @param tokenBytes largest answer of a token server, and of a tag or referrer page
   * @param redirects followed in a row
   * @param pages of tags or referrers followed
   */
  public record Limits(
      int manifestBytes, int errorBytes, int tokenBytes, int redirects, int pages) {
    /** 4 MiB, 64 KiB, 1 MiB, 5, 1000. */
    public static final Limits DEFAULT = new Limits(4 << 20, 64 << 10, 1 << 20, 5, 1000);
  }

  /**
   * @param dial until a connection stands
   * @param answer until the head of an answer is there
   * @param stall without one byte of progress before a transfer is given up and resumed
   * @param attempts in a row without progress before an endpoint is given up
   * @param firstPause before the second attempt; doubles each time, with jitter
   * @param longestPause the cap of that, and of a server's Retry-After
   * @param helper time limit for one call of a credential helper
   */
  public record Timing(
      Duration dial,
      Duration answer,
      Duration stall,
      int attempts,
      Duration firstPause,
      Duration longestPause,
      Duration helper) {
    /** 10 s, 60 s, 30 s, 5, 0.25 s, 30 s, 30 s. */
    public static final Timing DEFAULT =
        new Timing(
            Duration.ofSeconds(10),
            Duration.ofSeconds(60),
            Duration.ofSeconds(30),
            5,
            Duration.ofMillis(250),
            Duration.ofSeconds(30),
            Duration.ofSeconds(30));
  }

  /** The directories that are there on hosts people already have, ours first. */
  public static final List<Path> DEFAULT_HOSTS_DIRS =
      List.of(
          Path.of("/etc/kapal/certs.d"),
          Path.of("/etc/containerd/certs.d"),
          Path.of("/etc/docker/certs.d"));

  /**
   * Defaults: the usual directories, this process's proxy settings, three downloads per pull (what
   * Docker and containerd users are used to; more helps little once a line is full and costs memory
   * in the unpacker), nine over all pulls, and five uploads.
   */
  public static RegistryConfig defaults() {
    return new RegistryConfig(
        DEFAULT_HOSTS_DIRS,
        Map.of(),
        Set.of(),
        System.getenv(),
        Limits.DEFAULT,
        Timing.DEFAULT,
        9,
        3,
        5,
        false,
        "kapal");
  }

  public RegistryConfig withHostsDirs(List<Path> dirs) {
    return new RegistryConfig(
        dirs,
        mirrors,
        insecure,
        environment,
        limits,
        timing,
        maxDownloads,
        maxDownloadsPerPull,
        maxUploads,
        foreignLayers,
        userAgent);
  }

  public RegistryConfig withMirrors(Map<String, List<String>> more) {
    return new RegistryConfig(
        hostsDirs,
        more,
        insecure,
        environment,
        limits,
        timing,
        maxDownloads,
        maxDownloadsPerPull,
        maxUploads,
        foreignLayers,
        userAgent);
  }

  public RegistryConfig withInsecure(Set<String> names) {
    return new RegistryConfig(
        hostsDirs,
        mirrors,
        names,
        environment,
        limits,
        timing,
        maxDownloads,
        maxDownloadsPerPull,
        maxUploads,
        foreignLayers,
        userAgent);
  }

  public RegistryConfig withEnvironment(Map<String, String> variables) {
    return new RegistryConfig(
        hostsDirs,
        mirrors,
        insecure,
        variables,
        limits,
        timing,
        maxDownloads,
        maxDownloadsPerPull,
        maxUploads,
        foreignLayers,
        userAgent);
  }

  public RegistryConfig withTiming(Timing other) {
    return new RegistryConfig(
        hostsDirs,
        mirrors,
        insecure,
        environment,
        limits,
        other,
        maxDownloads,
        maxDownloadsPerPull,
        maxUploads,
        foreignLayers,
        userAgent);
  }

  public RegistryConfig withDownloads(int overall, int perPull) {
    return new RegistryConfig(
        hostsDirs,
        mirrors,
        insecure,
        environment,
        limits,
        timing,
        overall,
        perPull,
        maxUploads,
        foreignLayers,
        userAgent);
  }

  public RegistryConfig withUploads(int overall) {
    return new RegistryConfig(
        hostsDirs,
        mirrors,
        insecure,
        environment,
        limits,
        timing,
        maxDownloads,
        maxDownloadsPerPull,
        overall,
        foreignLayers,
        userAgent);
  }

  public RegistryConfig withForeignLayers(boolean follow) {
    return new RegistryConfig(
        hostsDirs,
        mirrors,
        insecure,
        environment,
        limits,
        timing,
        maxDownloads,
        maxDownloadsPerPull,
        maxUploads,
        follow,
        userAgent);
  }

  public RegistryConfig withUserAgent(String agent) {
    return new RegistryConfig(
        hostsDirs,
        mirrors,
        insecure,
        environment,
        limits,
        timing,
        maxDownloads,
        maxDownloadsPerPull,
        maxUploads,
        foreignLayers,
        agent);
  }
}
