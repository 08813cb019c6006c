package dev.kapal.image.registry.hosts;

import dev.kapal.image.registry.RegistryConfig;
import dev.kapal.image.registry.RegistryException.BadConfiguration;
import dev.kapal.image.registry.http.Cidr;
import dev.kapal.image.registry.http.HostPort;
import dev.kapal.image.registry.http.Route;
import dev.kapal.image.registry.http.TlsSettings;
import dev.kapal.image.registry.http.Urls;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The endpoints of a registry in the order to try: the mirrors of hosts.toml, those of the
 * configuration, and the server last.
 */
public final class Endpoints {
  private static final String HUB = "docker.io";
  private static final String HUB_SERVER = "registry-1.docker.io";
  private static final Set<String> HUB_NAMES = Set.of(HUB, "index.docker.io", HUB_SERVER);

  private final RegistryConfig config;
  private final HostsDirs dirs;

  public Endpoints(RegistryConfig config) {
    this.config = config;
    this.dirs = new HostsDirs(config.hostsDirs());
  }

  /**
   * All endpoints of a registry.
   *
   * @throws BadConfiguration if a file about the registry cannot be used
   */
  public List<Endpoint> of(String registry) {
    Optional<HostsToml> toml = dirs.toml(registry);
    Optional<TlsSettings> certificates = dirs.certificates(registry);
    List<Endpoint> all = new ArrayList<>();
    toml.ifPresent(file -> {
      for (HostEntry host : file.hosts()) {
        host.url().ifPresent(url -> all.add(configured(registry, url, host)));
      }
    });
    for (String mirror : mirrors(registry)) {
      all.add(mirror(registry, mirror));
    }
    all.add(server(registry, toml.map(HostsToml::server), certificates));
    return all;
  }

  /** The endpoints that may be asked for something. */
  public List<Endpoint> of(String registry, Capability capability) {
    return of(registry).stream().filter(e -> e.capabilities().contains(capability)).toList();
  }

  private List<String> mirrors(String registry) {
    List<String> all = new ArrayList<>(config.mirrors().getOrDefault(registry, List.of()));
    all.addAll(config.mirrors().getOrDefault("*", List.of()));
    return all;
  }

  private Endpoint configured(String registry, URI url, HostEntry entry) {
    boolean insecure = insecure(Urls.authority(url));
    return new Endpoint(
        base(url, entry.overridePath()),
        entry.capabilities(),
        new Route(
            insecure ? entry.tls().skippingVerification() : entry.tls(),
            entry.dial().orElse(config.timing().dial()),
            entry.proxy()),
        entry.headers(),
        account(url),
        account(url).equals(registry) ? Optional.empty() : Optional.of(registry),
        insecure);
  }

  private Endpoint mirror(String registry, String text) {
    URI url;
    try {
      url = new URI(text.contains("://") ? text : "https://" + text);
    } catch (URISyntaxException e) {
      throw new BadConfiguration(
          "the mirror \"" + text + "\" of " + registry + " is not a URL", Optional.of(e));
    }
    if (!(Urls.isHttp(url) || Urls.isHttps(url)) || Urls.host(url).isEmpty()) {
      throw new BadConfiguration(
          "the mirror \"" + text + "\" of " + registry + " is not an http or https URL",
          Optional.empty());
    }
    TlsSettings tls = dirs.certificates(Urls.authority(url)).orElse(TlsSettings.SYSTEM);
    HostEntry entry =
        new HostEntry(
            Optional.of(url),
            EnumSet.of(Capability.PULL, Capability.RESOLVE),
            tls,
            Map.of(),
            false,
            Optional.empty(),
            Optional.empty());
    return configured(registry, url, entry);
  }

  private Endpoint server(
      String registry, Optional<HostEntry> root, Optional<TlsSettings> certificates) {
    Optional<URI> given = root.flatMap(HostEntry::url);
    boolean insecure = insecure(given.map(Urls::authority).orElse(registry));
    TlsSettings tls = root.map(HostEntry::tls).orElse(TlsSettings.SYSTEM);
    if (certificates.isPresent()) {
      tls = merge(tls, certificates.get());
    }
    URI url = given.orElseGet(() -> URI.create("https://" + registry));
    if (HUB_NAMES.contains(Urls.host(url)) && url.getPort() < 0) {
      url = URI.create(url.getScheme() + "://" + HUB_SERVER + url.getRawPath());
    }
    String account = account(url);
    return new Endpoint(
        base(url, root.map(HostEntry::overridePath).orElse(false)),
        root.map(HostEntry::capabilities).orElse(EnumSet.allOf(Capability.class)),
        new Route(
            insecure ? tls.skippingVerification() : tls,
            root.flatMap(HostEntry::dial).orElse(config.timing().dial()),
            root.flatMap(HostEntry::proxy)),
        root.map(HostEntry::headers).orElse(Map.of()),
        account,
        account.equals(registry) ? Optional.empty() : Optional.of(registry),
        insecure || (given.isEmpty() && isLocal(Urls.host(url))));
  }

  private static TlsSettings merge(TlsSettings one, TlsSettings other) {
    List<java.nio.file.Path> authorities = new ArrayList<>(one.authorities());
    authorities.addAll(other.authorities());
    List<TlsSettings.ClientPair> clients = new ArrayList<>(one.clients());
    clients.addAll(other.clients());
    return new TlsSettings(one.skipVerify(), authorities, clients);
  }

  private static String account(URI url) {
    String authority = Urls.authority(url).toLowerCase(Locale.ROOT);
    return HUB_NAMES.contains(authority) ? HUB : authority;
  }

  private static URI base(URI url, boolean asItStands) {
    String path = Optional.ofNullable(url.getRawPath()).orElse("");
    while (path.endsWith("/")) {
      path = path.substring(0, path.length() - 1);
    }
    String full = asItStands || path.endsWith("/v2") ? path : path + "/v2";
    return URI.create(url.getScheme() + "://" + Urls.authority(url) + full);
  }

  /** localhost, 127.0.0.0/8, ::1: http is as good as https there. */
  private static boolean isLocal(String host) {
    HostPort bare = HostPort.split(host);
    return bare.host().equals("localhost")
        || Cidr.address(bare.host()).filter(Cidr::isLoopback).isPresent();
  }

  private boolean insecure(String authority) {
    HostPort at = HostPort.split(authority);
    Optional<Cidr> address = Cidr.address(at.host());
    return config.insecure().stream()
        .anyMatch(entry ->
            entry.equalsIgnoreCase(authority)
                || entry.equalsIgnoreCase(at.host())
                || Cidr.parse(entry)
                    .filter(range -> address.filter(range::contains).isPresent())
                    .isPresent());
  }
}
