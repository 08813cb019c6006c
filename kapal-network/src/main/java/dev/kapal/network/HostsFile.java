package dev.kapal.network;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;

/**
 * The contents of a container's {@code /etc/hosts} (hosts(5)).
 *
 * @param entries in order
 */
public record HostsFile(List<Entry> entries) {
  /** Makes the collections immutable. */
  public HostsFile {
    entries = List.copyOf(entries);
  }

  /**
   * One line.
   *
   * @param names the canonical name first
   */
  public record Entry(InetAddress address, List<String> names) {
    /** Checks the names. */
    public Entry {
      names = List.copyOf(names);
      if (names.isEmpty()) {
        throw new NetworkException.Invalid("no name for " + Addresses.text(address));
      }
      names.forEach(HostsFile::checkName);
    }
  }

  /**
   * The file of a container.
   *
   * @param addresses the container's own
   * @param names hostname with domain, hostname, aliases; put behind each address
   * @param added the result of {@link #parseAdded} for each {@code --add-host}
   */
  public static HostsFile forContainer(
      List<InetAddress> addresses, List<String> names, List<Entry> added) {
    List<Entry> entries = new ArrayList<>();
    entries.add(new Entry(Addresses.parse("127.0.0.1"), List.of("localhost")));
    entries.add(
        new Entry(Addresses.parse("::1"), List.of("localhost", "ip6-localhost", "ip6-loopback")));
    entries.add(new Entry(Addresses.parse("fe00::"), List.of("ip6-localnet")));
    entries.add(new Entry(Addresses.parse("ff00::"), List.of("ip6-mcastprefix")));
    entries.add(new Entry(Addresses.parse("ff02::1"), List.of("ip6-allnodes")));
    entries.add(new Entry(Addresses.parse("ff02::2"), List.of("ip6-allrouters")));
    entries.addAll(added);
    List<String> own = names.stream().distinct().filter(n -> !n.isEmpty()).toList();
    if (!own.isEmpty()) {
      addresses.forEach(a -> entries.add(new Entry(a, own)));
    }
    return new HostsFile(entries);
  }

  /** The same with further lines, such as those of {@link Peers}. */
  public HostsFile and(List<Entry> more) {
    List<Entry> all = new ArrayList<>(entries);
    all.addAll(more);
    return new HostsFile(all);
  }

  /**
   * Reads the argument of {@code --add-host}: {@code name:address} or {@code name=address}, several
   * names apart by {@code ;} (Podman); the address may be {@code host-gateway}, an IPv6 one may
   * stand in brackets.
   *
   * @param hostGateway the address under which the container reaches the host; empty list when it
   *     has none
   */
  public static List<Entry> parseAdded(String text, List<InetAddress> hostGateway) {
    int equals = text.indexOf('=');
    int colon = text.indexOf(':');
    int split = equals >= 0 && (colon < 0 || equals < colon) ? equals : colon;
    if (split <= 0 || split == text.length() - 1) {
      throw new NetworkException.Invalid(
          "invalid --add-host \"" + text + "\": the form is name:address");
    }
    List<String> names = List.of(text.substring(0, split).split(";"));
    String address = text.substring(split + 1);
    if (address.equals("host-gateway")) {
      if (hostGateway.isEmpty()) {
        throw new NetworkException.Invalid(
            "--add-host \"" + text + "\": the container has no network with a gateway to the host");
      }
      return hostGateway.stream().map(a -> new Entry(a, names)).toList();
    }
    boolean brackets = address.startsWith("[") && address.endsWith("]");
    String plain = brackets ? address.substring(1, address.length() - 1) : address;
    return List.of(new Entry(Addresses.parse(plain), names));
  }

  private static void checkName(String name) {
    boolean good =
        !name.isEmpty()
            && name.length() <= 253
            && name.chars().allMatch(c -> c > 0x20 && c < 0x7f && c != '#');
    if (!good) {
      throw new NetworkException.Invalid(
          "invalid host name \"" + name + "\": it is one word of at most 253 letters");
    }
  }

  /** The file's text. */
  public String text() {
    StringBuilder out = new StringBuilder();
    for (Entry entry : entries) {
      out.append(Addresses.text(entry.address()))
          .append('\t')
          .append(String.join(" ", entry.names()))
          .append('\n');
    }
    return out.toString();
  }
}
