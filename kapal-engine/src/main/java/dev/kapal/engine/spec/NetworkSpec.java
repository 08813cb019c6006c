package dev.kapal.engine.spec;

import dev.kapal.network.PortMapping;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Networks, ports and name resolution.
 *
 * @param mode {@code none}, {@code host}, {@code bridge} (the default network), {@code container:X}
 *     or a network's name; empty: the engine's default
 * @param endpoints settings per network name; networks beyond the one in mode are joined as well
 * @param ports published ports; {@link PortMapping#parse} reads Docker's syntax
 * @param publishAll publishes every exposed port on a free port of the host
 * @param expose {@code PORT[/PROTOCOL]} beyond the image's
 * @param hostname empty: the first twelve characters of the ID
 * @param domainname NIS domain name
 * @param dns name servers; empty: the host's
 * @param dnsSearch search domains; {@code .} alone: none
 * @param dnsOptions resolv.conf(5) options
 * @param extraHosts lines of /etc/hosts as {@code NAME:ADDRESS}; the address {@code host-gateway}
 *     is the network's gateway
 */
public record NetworkSpec(
    String mode,
    Map<String, Endpoint> endpoints,
    List<PortMapping> ports,
    boolean publishAll,
    List<String> expose,
    Optional<String> hostname,
    Optional<String> domainname,
    List<String> dns,
    List<String> dnsSearch,
    List<String> dnsOptions,
    List<String> extraHosts) {

  public static final NetworkSpec DEFAULT = new Builder().build();

  public NetworkSpec {
    endpoints = Checks.ordered(endpoints);
    ports = List.copyOf(ports);
    expose = List.copyOf(expose);
    dns = List.copyOf(dns);
    dnsSearch = List.copyOf(dnsSearch);
    dnsOptions = List.copyOf(dnsOptions);
    extraHosts = List.copyOf(extraHosts);
    if (mode.equals("container:")) {
      throw new IllegalArgumentException("network mode container:NAME needs a container's name");
    }
    hostname.ifPresent(h -> {
      if (h.isEmpty() || h.length() > 64 || !h.matches("[A-Za-z0-9_.-]+")) {
        throw new IllegalArgumentException(
            "hostname \"" + h + "\" is not valid: at most 64 letters, digits, '-', '_' and '.'");
      }
    });
  }

  /** The same with another resolver. */
  public NetworkSpec withResolver(List<String> servers, List<String> search, List<String> options) {
    return new NetworkSpec(
        mode,
        endpoints,
        ports,
        publishAll,
        expose,
        hostname,
        domainname,
        servers,
        search,
        options,
        extraHosts);
  }

  /** The same with other endpoints. */
  public NetworkSpec withEndpoints(Map<String, Endpoint> others) {
    return new NetworkSpec(
        mode,
        others,
        ports,
        publishAll,
        expose,
        hostname,
        domainname,
        dns,
        dnsSearch,
        dnsOptions,
        extraHosts);
  }

  /** The container whose network is shared, when mode says so. */
  public Optional<String> sharedContainer() {
    return mode.startsWith("container:")
        ? Optional.of(mode.substring("container:".length()))
        : Optional.empty();
  }

  /**
   * A container's side of one network.
   *
   * @param ipv4 asked-for address
   * @param ipv6 asked-for address
   * @param mac asked-for address
   * @param aliases more names of the container on this network
   */
  public record Endpoint(
      Optional<String> ipv4, Optional<String> ipv6, Optional<String> mac, List<String> aliases) {
    public static final Endpoint ANY =
        new Endpoint(Optional.empty(), Optional.empty(), Optional.empty(), List.of());

    public Endpoint {
      aliases = List.copyOf(aliases);
    }
  }

  public static Builder builder() {
    return new Builder();
  }

  /** Collects a {@link NetworkSpec}. Not thread-safe. */
  public static final class Builder {
    private String mode = "";
    private Map<String, Endpoint> endpoints = Map.of();
    private List<PortMapping> ports = List.of();
    private boolean publishAll;
    private List<String> expose = List.of();
    private Optional<String> hostname = Optional.empty();
    private Optional<String> domainname = Optional.empty();
    private List<String> dns = List.of();
    private List<String> dnsSearch = List.of();
    private List<String> dnsOptions = List.of();
    private List<String> extraHosts = List.of();

    private Builder() {}

    public Builder mode(String mode) {
      this.mode = mode;
      return this;
    }

    public Builder endpoints(Map<String, Endpoint> endpoints) {
      this.endpoints = endpoints;
      return this;
    }

    public Builder ports(List<PortMapping> ports) {
      this.ports = ports;
      return this;
    }

    public Builder publishAll(boolean publishAll) {
      this.publishAll = publishAll;
      return this;
    }

    public Builder expose(List<String> expose) {
      this.expose = expose;
      return this;
    }

    public Builder hostname(String hostname) {
      this.hostname = Optional.of(hostname);
      return this;
    }

    public Builder domainname(String domainname) {
      this.domainname = Optional.of(domainname);
      return this;
    }

    public Builder dns(List<String> dns) {
      this.dns = dns;
      return this;
    }

    public Builder dnsSearch(List<String> dnsSearch) {
      this.dnsSearch = dnsSearch;
      return this;
    }

    public Builder dnsOptions(List<String> dnsOptions) {
      this.dnsOptions = dnsOptions;
      return this;
    }

    public Builder extraHosts(List<String> extraHosts) {
      this.extraHosts = extraHosts;
      return this;
    }

    public NetworkSpec build() {
      return new NetworkSpec(
          mode,
          endpoints,
          ports,
          publishAll,
          expose,
          hostname,
          domainname,
          dns,
          dnsSearch,
          dnsOptions,
          extraHosts);
    }
  }
}
