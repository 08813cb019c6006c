package dev.kapal.config.foreign;

import dev.kapal.config.text.Node;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The subnets of Docker's daemon.json. */
final class DockerNetworks {
  private DockerNetworks() {}

  static void bip(Intake in, Found f) {
    String bip = f.text().orElse("");
    int slash = bip.indexOf('/');
    if (bip.isEmpty()) {
      in.notApplicable(f, Found.UNSET);
    } else if (slash < 0) {
      in.mistake(f, "the length of the network is missing: write " + bip + "/24");
    } else if (!bip.matches("[0-9]{1,3}(\\.[0-9]{1,3}){3}/[0-9]{1,2}")) {
      in.mistake(f, "\"" + bip + "\" is no IPv4 address with the length of its network");
    } else {
      network(bip)
          .ifPresentOrElse(
              net -> {
                if (net.equals(bip)) {
                  in.mistake(
                      f,
                      "this is the network's own address, and dockerd refuses to start over"
                          + " it; write the bridge's, such as that ending in .1");
                }
                in.append(f, Outcome.TRANSLATED, List.of(net), "network", "default_subnets");
              },
              () ->
                  in.mistake(
                      f, "\"" + bip + "\" is no IPv4 address with the length of its network"));
    }
  }

  /** The network of an address of it. */
  static Optional<String> network(String cidr) {
    String[] part = cidr.split("[./]", -1);
    long address = 0;
    for (int i = 0; i < 4; i++) {
      int octet = Integer.parseInt(part[i]);
      if (octet > 255) {
        return Optional.empty();
      }
      address = address << 8 | octet;
    }
    int length = Integer.parseInt(part[4]);
    if (length > 32) {
      return Optional.empty();
    }
    long net = length == 0 ? 0 : address & (0xffffffffL << (32 - length)) & 0xffffffffL;
    return Optional.of(
        (net >> 24)
            + "."
            + (net >> 16 & 255)
            + "."
            + (net >> 8 & 255)
            + "."
            + (net & 255)
            + "/"
            + length);
  }

  static void pools(Intake in, Found f) {
    if (!(f.node() instanceof Node.Array array)) {
      in.mistake(f, "this is an array: [{\"base\": \"10.0.0.0/8\", \"size\": 24}]");
      return;
    }
    List<String> bases = new ArrayList<>();
    for (Node item : array.items()) {
      if (item instanceof Node.Table table
          && table.get("base").orElse(null) instanceof Node.Text base) {
        bases.add(base.value());
      } else {
        in.mistake(f, "each pool is {\"base\": \"10.0.0.0/8\", \"size\": 24}");
        return;
      }
    }
    if (bases.isEmpty()) {
      in.notApplicable(f, Found.UNSET);
    } else {
      in.append(f, Outcome.TRANSLATED, bases, "network", "default_subnets");
    }
  }
}
