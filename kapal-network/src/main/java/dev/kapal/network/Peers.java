package dev.kapal.network;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;

/**
 * Names of the containers that one can reach: those on the same networks, except on the default
 * network, where containers do not find each other by name (as with Docker). Lines for the hosts
 * file, so that names resolve while the daemon is down.
 */
public final class Peers {
  private Peers() {}

  /**
   * The peers' lines.
   *
   * @param self the container whose hosts file it is
   * @param all all attachments, its own among them
   * @param names of a container, by its id: name, hostname, short id; their aliases are added
   */
  public static List<HostsFile.Entry> of(
      String self, Collection<Attachment> all, Function<String, List<String>> names) {
    Set<String> shared = new LinkedHashSet<>();
    for (Attachment attachment : all) {
      if (attachment.containerId().equals(self)) {
        attachment.networks().forEach(n -> shared.add(n.network()));
      }
    }
    shared.remove(Network.BRIDGE);
    List<HostsFile.Entry> out = new ArrayList<>();
    for (Attachment attachment : all) {
      if (!attachment.containerId().equals(self)) {
        for (JoinedNetwork network : attachment.networks()) {
          if (shared.contains(network.network())) {
            out.addAll(lines(network, names.apply(attachment.containerId())));
          }
        }
      }
    }
    return out;
  }

  private static List<HostsFile.Entry> lines(JoinedNetwork network, List<String> names) {
    List<String> all = new ArrayList<>(new LinkedHashSet<>(names));
    network.aliases().stream().filter(a -> !all.contains(a)).forEach(all::add);
    return all.isEmpty()
        ? List.of()
        : network.addresses().stream()
            .map(a -> new HostsFile.Entry(a.address().address(), all))
            .toList();
  }
}
