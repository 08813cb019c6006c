package dev.kapal.network;

import java.util.List;
import java.util.Map;

/**
 * Networks for one container or pod sandbox.
 *
 * @param containerId the attachment's key; letters, digits, {@code _ . -}
 * @param netnsPath the network namespace: {@code /proc/PID/ns/net} or a bind mount of it
 * @param networks in order; the first one carries the published ports
 * @param ports ports to publish
 * @param cniArgs pairs for {@code CNI_ARGS}, such as {@code K8S_POD_NAME}
 * @param capabilities further CNI runtimeConfig entries by capability name, as maps, lists,
 *     strings, numbers and booleans: {@code bandwidth}, {@code dns}, {@code ioRange} …; plugins
 *     that did not declare the capability do not see it
 */
public record AttachRequest(
    String containerId,
    String netnsPath,
    List<NetworkRequest> networks,
    List<PortMapping> ports,
    Map<String, String> cniArgs,
    Map<String, Object> capabilities) {
  /** Makes the collections immutable. */
  public AttachRequest {
    networks = List.copyOf(networks);
    ports = List.copyOf(ports);
    cniArgs = Map.copyOf(cniArgs);
    capabilities = Map.copyOf(capabilities);
  }

  /** One network, with ports. */
  public static AttachRequest of(
      String containerId, String netnsPath, String network, List<PortMapping> ports) {
    return new AttachRequest(
        containerId, netnsPath, List.of(NetworkRequest.of(network)), ports, Map.of(), Map.of());
  }
}
