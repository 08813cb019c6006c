package dev.kapal.engine.core;

import dev.kapal.linux.Descriptors;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fcntl;
import dev.kapal.linux.Fd;
import dev.kapal.network.Attachment;
import dev.kapal.network.HostsFile;
import dev.kapal.network.JoinedNetwork;
import dev.kapal.network.Network;
import dev.kapal.network.Networks;
import dev.kapal.network.Peers;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Containers of a network find each other by name: each has the others' names in its /etc/hosts,
 * between two lines that mark them; what else stands in the file is left alone. The default bridge
 * network has none of this, as with Docker. Names resolve while the daemon is down, too.
 */
final class PeerNames {
  private static final System.Logger LOG = System.getLogger(PeerNames.class.getName());
  private static final String BEGIN =
      "# Containers of the same networks, kept up to date by Kapal\n";
  private static final String END = "# End of these containers\n";
  private static final int LARGEST = 1 << 20;
  private static final int SHORT_ID = 12;

  private final Networks networks;
  private final Index index;
  private final Layout layout;
  private final Descriptors calls;

  /** One writer at a time, or an older list could overwrite a newer one. */
  private final ReentrantLock writing = new ReentrantLock();

  PeerNames(Networks networks, Index index, Layout layout, Descriptors calls) {
    this.networks = networks;
    this.index = index;
    this.layout = layout;
    this.calls = calls;
  }

  /** Takes a container off its networks, and its names out of the others' files. */
  void detach(String containerId) {
    Optional<Attachment> was = networks.cached(containerId);
    networks.detach(containerId);
    was.ifPresent(a -> changed(named(a)));
  }

  /** A container has come to networks. */
  void joined(Attachment attachment) {
    changed(named(attachment));
  }

  /** All files anew. */
  void refresh() {
    Set<String> all = new LinkedHashSet<>();
    networks.attachments().forEach(a -> all.addAll(named(a)));
    changed(all);
  }

  private static Set<String> named(Attachment a) {
    Set<String> names = new LinkedHashSet<>();
    a.networks().forEach(n -> names.add(n.network()));
    names.remove(Network.BRIDGE);
    return names;
  }

  /** The members of these networks, or their names, are not what they were. */
  void changed(Set<String> changed) {
    if (changed.isEmpty()) {
      return;
    }
    writing.lock();
    try {
      Collection<Attachment> all = networks.attachments();
      for (Attachment a : all) {
        if (a.networks().stream().anyMatch(n -> changed.contains(n.network()))) {
          write(a.containerId(), block(a, all));
        }
      }
    } finally {
      writing.unlock();
    }
  }

  /** One container's file, when a network of its own has gone from it. */
  void rewrite(String containerId) {
    writing.lock();
    try {
      Collection<Attachment> all = networks.attachments();
      Optional<Attachment> own =
          all.stream().filter(a -> a.containerId().equals(containerId)).findFirst();
      write(containerId, own.map(a -> block(a, all)).orElse(""));
    } finally {
      writing.unlock();
    }
  }

  private List<String> names(String containerId) {
    return index
        .byId(containerId)
        .map(e -> List.of(e.name(), e.id.substring(0, SHORT_ID)))
        .orElse(List.of());
  }

  private String block(Attachment self, Collection<Attachment> all) {
    List<HostsFile.Entry> lines = new ArrayList<>();
    List<String> own = names(self.containerId());
    for (JoinedNetwork n : self.networks()) {
      if (!n.network().equals(Network.BRIDGE) && !own.isEmpty()) {
        n.addresses().forEach(a -> lines.add(new HostsFile.Entry(a.address().address(), own)));
      }
    }
    lines.addAll(Peers.of(self.containerId(), all, this::names));
    return lines.isEmpty() ? "" : BEGIN + new HostsFile(lines).text() + END;
  }

  /** In place: the file is mounted in the container. The container may have written anything. */
  private void write(String containerId, String block) {
    String file = layout.run(containerId).resolve("hosts").toString();
    try (Fd f = calls.open(file, Fcntl.O_RDWR | Fcntl.O_NOFOLLOW, 0)) {
      String old = new String(calls.readFully(f, LARGEST), StandardCharsets.UTF_8);
      String fresh = without(old) + block;
      if (!fresh.equals(old)) {
        byte[] bytes = fresh.getBytes(StandardCharsets.UTF_8);
        for (int at = 0; at < bytes.length; ) {
          at += calls.pwrite(f, bytes, at, bytes.length - at, at);
        }
        calls.ftruncate(f, bytes.length);
      }
    } catch (ErrnoException e) {
      // It may be ending just now; names are a convenience and fail nothing.
      LOG.log(System.Logger.Level.DEBUG, "the names in " + file + " stay old: " + e.getMessage());
    }
  }

  static String without(String text) {
    int begin = text.indexOf(BEGIN);
    if (begin < 0) {
      return text.isEmpty() || text.endsWith("\n") ? text : text + "\n";
    }
    int end = text.indexOf(END, begin);
    String rest = end < 0 ? "" : text.substring(end + END.length());
    return without(text.substring(0, begin) + rest);
  }
}
