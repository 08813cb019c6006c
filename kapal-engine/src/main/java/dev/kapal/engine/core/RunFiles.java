package dev.kapal.engine.core;

import dev.kapal.engine.EngineException;
import dev.kapal.engine.files.Ids;
import dev.kapal.engine.spec.NetworkSpec;
import dev.kapal.engine.spec.PodSpec;
import dev.kapal.engine.store.ContainerRecord;
import dev.kapal.engine.store.PodRecord;
import dev.kapal.linux.Descriptors;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fcntl;
import dev.kapal.linux.Fd;
import dev.kapal.network.Attachment;
import dev.kapal.network.HostsFile;
import dev.kapal.network.IpPrefix;
import dev.kapal.network.JoinedNetwork;
import dev.kapal.network.NetworkFiles;
import dev.kapal.network.ResolvConf;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * /etc/hostname, /etc/hosts and /etc/resolv.conf of a container. They are made for each run, on the
 * engine's tmpfs: nothing of them has to survive, so nothing is synced.
 */
final class RunFiles {
  private final Layout layout;
  private final Descriptors calls;

  RunFiles(Layout layout, Descriptors calls) {
    this.layout = layout;
    this.calls = calls;
  }

  /**
   * Makes the files before the network is known.
   *
   * @return host paths by the places inside
   */
  Map<String, String> make(ContainerRecord c) {
    String shared = sharedFrom(c);
    Path dir = layout.run(shared.isEmpty() ? c.id() : shared);
    Path own = layout.run(c.id());
    Map<String, String> files = new LinkedHashMap<>();
    Path hostname = (c.spec().pod().isPresent() ? dir : own).resolve("hostname");
    if (c.spec().pod().isEmpty()) {
      write(c, hostname, c.hostname() + "\n");
    }
    files.put("/etc/hostname", hostname.toString());
    if (shared.isEmpty()) {
      write(c, dir.resolve("hosts"), hosts(c, Optional.empty()));
      write(c, dir.resolve("resolv.conf"), resolv(c, Optional.empty()));
    }
    files.put("/etc/hosts", dir.resolve("hosts").toString());
    files.put("/etc/resolv.conf", dir.resolve("resolv.conf").toString());
    return files;
  }

  /** Makes a pod's files, for all of its containers. */
  void make(PodRecord p) {
    Path dir = layout.run(p.id());
    Ids ids = Ids.of(p.spec().namespaces());
    write(ids, dir.resolve("hostname"), p.hostname() + "\n");
    write(ids, dir.resolve("hosts"), hosts(p, Optional.empty()));
    write(ids, dir.resolve("resolv.conf"), resolv(p, Optional.empty()));
  }

  /** Puts what the network gave into a pod's files. */
  void complete(PodRecord p, Attachment network) {
    Path dir = layout.run(p.id());
    overwrite(dir.resolve("hosts"), hosts(p, Optional.of(network)));
    overwrite(dir.resolve("resolv.conf"), resolv(p, Optional.of(network)));
  }

  private static String hosts(PodRecord p, Optional<Attachment> network) {
    return p.networkMode().equals("host")
        ? read(Path.of("/etc/hosts"))
        : HostsFile.forContainer(own(network), List.of(p.hostname()), List.of()).text();
  }

  private static String resolv(PodRecord p, Optional<Attachment> network) {
    PodSpec.Network n = p.spec().network();
    return resolv(
        new ResolvConf(n.dns(), n.dnsSearch(), n.dnsOptions()).validated(),
        p.networkMode().equals("host"),
        network);
  }

  /** Puts what the network gave into them; in place, since they are mounted already. */
  void complete(ContainerRecord c, Attachment network) {
    Path dir = layout.run(c.id());
    overwrite(dir.resolve("hosts"), hosts(c, Optional.of(network)));
    if (network.networks().stream().anyMatch(n -> !n.dns().nameservers().isEmpty())) {
      overwrite(dir.resolve("resolv.conf"), resolv(c, Optional.of(network)));
    }
  }

  private static String sharedFrom(ContainerRecord c) {
    if (c.spec().pod().isPresent()) {
      return c.spec().pod().get().pod();
    }
    String mode = c.networkMode();
    return mode.startsWith("container:") ? mode.substring("container:".length()) : "";
  }

  private static String hosts(ContainerRecord c, Optional<Attachment> network) {
    NetworkSpec n = c.spec().network();
    List<InetAddress> gateways =
        network.stream()
            .flatMap(a -> a.networks().stream())
            .flatMap(j -> j.addresses().stream())
            .flatMap(a -> a.gateway().stream())
            .distinct()
            .toList();
    List<HostsFile.Entry> added = new ArrayList<>();
    for (String line : n.extraHosts()) {
      if (gateways.isEmpty() && line.endsWith("host-gateway")) {
        if (c.networkMode().equals("host") || c.networkMode().equals("none")) {
          throw new EngineException.InvalidArgument(
              "host-gateway of --add-host needs a network with a gateway: use an address instead");
        }
        // Known once the network is; the file is completed then.
        continue;
      }
      added.addAll(HostsFile.parseAdded(line, gateways));
    }
    if (c.networkMode().equals("host")) {
      StringBuilder text = new StringBuilder(read(Path.of("/etc/hosts")));
      for (HostsFile.Entry e : added) {
        text.append(IpPrefix.text(e.address()))
            .append('\t')
            .append(String.join(" ", e.names()))
            .append('\n');
      }
      return text.toString();
    }
    List<String> names = new ArrayList<>();
    n.domainname().ifPresent(d -> names.add(c.hostname() + "." + d));
    names.add(c.hostname());
    network.stream()
        .flatMap(a -> a.networks().stream())
        .flatMap(j -> j.aliases().stream())
        .forEach(names::add);
    return HostsFile.forContainer(own(network), names, added).text();
  }

  private static List<InetAddress> own(Optional<Attachment> network) {
    List<InetAddress> own =
        network.stream()
            .flatMap(a -> a.networks().stream())
            .flatMap(j -> j.addresses().stream())
            .map(a -> a.address().address())
            .toList();
    return own.isEmpty() ? List.of(InetAddress.getLoopbackAddress()) : own;
  }

  private static String resolv(ContainerRecord c, Optional<Attachment> network) {
    NetworkSpec n = c.spec().network();
    return resolv(
        new ResolvConf(n.dns(), n.dnsSearch(), n.dnsOptions()).validated(),
        c.networkMode().equals("host"),
        network);
  }

  private static String resolv(ResolvConf wanted, boolean host, Optional<Attachment> network) {
    ResolvConf asked = wanted;
    if (host && asked.equals(new ResolvConf(List.of(), List.of(), List.of()))) {
      return read(Path.of("/etc/resolv.conf"));
    }
    List<String> suggested =
        network.stream()
            .flatMap(a -> a.networks().stream())
            .map(JoinedNetwork::dns)
            .flatMap(d -> d.nameservers().stream())
            .toList();
    if (asked.nameservers().isEmpty() && !suggested.isEmpty()) {
      asked = new ResolvConf(suggested, asked.search(), asked.options());
    }
    return ResolvConf.forContainer(NetworkFiles.hostResolvConf(), asked).text();
  }

  private static String read(Path file) {
    try {
      return Files.readString(file, StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      return "";
    }
  }

  private void write(ContainerRecord c, Path file, String text) {
    write(Ids.of(c.spec().namespaces()), file, text);
  }

  private void write(Ids ids, Path file, String text) {
    try {
      Fd f =
          calls.open(
              file.toString(),
              Fcntl.O_WRONLY | Fcntl.O_CREAT | Fcntl.O_EXCL | Fcntl.O_NOFOLLOW,
              0644);
      try (f) {
        calls.writeFully(f, text.getBytes(StandardCharsets.UTF_8));
        // What the umask took away.
        calls.fchmod(f, 0644);
        // The container's root may write them, whoever that is on the host.
        calls.fchown(f, ids.hostUid(0), ids.hostGid(0));
      }
    } catch (ErrnoException e) {
      throw new EngineException.SystemFailure(
          "cannot write " + file + ": " + e.getMessage() + "; see that the disk is not full", e);
    }
  }

  private static void overwrite(Path file, String text) {
    try {
      Files.write(
          file,
          text.getBytes(StandardCharsets.UTF_8),
          StandardOpenOption.WRITE,
          StandardOpenOption.TRUNCATE_EXISTING);
    } catch (IOException e) {
      throw Layout.failure("write", file, e);
    }
  }
}
