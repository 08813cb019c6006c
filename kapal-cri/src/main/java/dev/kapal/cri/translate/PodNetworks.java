package dev.kapal.cri.translate;

import dev.kapal.cri.proto.DNSConfig;
import dev.kapal.cri.proto.NamespaceMode;
import dev.kapal.cri.proto.PodSandboxConfig;
import dev.kapal.cri.proto.PodSandboxMetadata;
import dev.kapal.engine.spec.PodSpec;
import dev.kapal.network.PortMapping;
import dev.kapal.network.PortRange;
import dev.kapal.network.Protocol;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A pod's network, and what CNI plugins are told of it. */
final class PodNetworks {
  private static final long BURST = Integer.MAX_VALUE;
  private static final long LEAST_RATE = 1000;
  private static final long MOST_RATE = 1_000_000_000_000_000L;
  private static final int HIGHEST_PORT = 65535;

  private PodNetworks() {}

  static PodSpec.Network of(PodSandboxConfig config) {
    boolean host =
        config.getLinux().getSecurityContext().getNamespaceOptions().getNetwork()
            == NamespaceMode.NODE;
    DNSConfig dns = config.getDnsConfig();
    return new PodSpec.Network(
        host ? "host" : "",
        host ? List.of() : ports(config.getPortMappingsList()),
        dns.getServersList(),
        dns.getSearchesList(),
        dns.getOptionsList(),
        arguments(config.getMetadata()),
        capabilities(config));
  }

  /** What the plugins of clusters look for in {@code CNI_ARGS}. */
  private static Map<String, String> arguments(PodSandboxMetadata pod) {
    Map<String, String> all = new LinkedHashMap<>();
    all.put("IgnoreUnknown", "1");
    all.put("K8S_POD_NAMESPACE", pod.getNamespace());
    all.put("K8S_POD_NAME", pod.getName());
    all.put("K8S_POD_UID", pod.getUid());
    return all;
  }

  /** Conventions of the field: runtimeConfig of the plugins that declare the capability. */
  private static Map<String, Object> capabilities(PodSandboxConfig config) {
    Map<String, Object> all = new LinkedHashMap<>();
    Map<String, Object> rates = bandwidth(config.getAnnotationsMap());
    if (!rates.isEmpty()) {
      all.put("bandwidth", rates);
    }
    if (config.hasDnsConfig()) {
      DNSConfig dns = config.getDnsConfig();
      all.put(
          "dns",
          Map.of(
              "servers", List.copyOf(dns.getServersList()),
              "searches", List.copyOf(dns.getSearchesList()),
              "options", List.copyOf(dns.getOptionsList())));
    }
    all.put("io.kubernetes.cri.pod-annotations", Map.copyOf(config.getAnnotationsMap()));
    if (!config.getLinux().getCgroupParent().isEmpty()) {
      all.put("cgroupPath", config.getLinux().getCgroupParent());
    }
    return all;
  }

  /** Bits per second, from the annotations of the bandwidth plugin. */
  private static Map<String, Object> bandwidth(Map<String, String> annotations) {
    Map<String, Object> rates = new LinkedHashMap<>();
    rate(annotations, Annotations.INGRESS, "ingress", rates);
    rate(annotations, Annotations.EGRESS, "egress", rates);
    return rates;
  }

  private static void rate(
      Map<String, String> annotations, String name, String which, Map<String, Object> rates) {
    String text = annotations.get(name);
    if (text != null) {
      rates.put(
          which + "Rate", Quantity.parse(text, "the annotation " + name, LEAST_RATE, MOST_RATE));
      rates.put(which + "Burst", BURST);
    }
  }

  /** Without a port of the host there is nothing to publish. */
  private static List<PortMapping> ports(List<dev.kapal.cri.proto.PortMapping> all) {
    List<PortMapping> ports = new ArrayList<>();
    for (dev.kapal.cri.proto.PortMapping p : all) {
      if (p.getHostPort() > 0) {
        ports.add(
            new PortMapping(
                address(p.getHostIp()),
                Optional.of(PortRange.of(port(p.getHostPort()))),
                PortRange.of(port(p.getContainerPort())),
                switch (p.getProtocol()) {
                  case TCP -> Protocol.TCP;
                  case UDP -> Protocol.UDP;
                  case SCTP -> Protocol.SCTP;
                  case UNRECOGNIZED ->
                      throw new IllegalArgumentException("a port's protocol is unknown");
                }));
      }
    }
    return ports;
  }

  private static int port(int number) {
    if (number < 1 || number > HIGHEST_PORT) {
      throw new IllegalArgumentException("port " + number + " is outside 1 to " + HIGHEST_PORT);
    }
    return number;
  }

  private static Optional<InetAddress> address(String text) {
    if (text.isEmpty() || text.equals("0.0.0.0") || text.equals("::")) {
      return Optional.empty();
    }
    // Only an address: a name would be looked up.
    return Optional.of(InetAddress.ofLiteral(text));
  }
}
