package dev.kapal.image.registry.hosts;

import dev.kapal.image.registry.http.TlsSettings;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * One host of a hosts.toml file: its root (the server) or one {@code [host."URL"]}.
 *
 * @param url empty for a root without {@code server}
 * @param overridePath whether the URL's path is the API's root as it stands
 */
record HostEntry(
    Optional<URI> url,
    Set<Capability> capabilities,
    TlsSettings tls,
    Map<String, List<String>> headers,
    boolean overridePath,
    Optional<Duration> dial,
    Optional<URI> proxy) {}
