package dev.kapal.cli.command;

import static dev.kapal.cli.model.Option.flag;
import static dev.kapal.cli.model.Option.list;
import static dev.kapal.cli.model.Option.value;

import dev.kapal.cli.model.Completion;
import dev.kapal.cli.model.Group;
import dev.kapal.cli.model.Invocation;
import dev.kapal.cli.model.Leaf;
import dev.kapal.cli.model.UsageException;
import dev.kapal.cli.output.Humans;
import dev.kapal.cli.parse.NetworkParser;
import dev.kapal.cli.parse.Pairs;
import dev.kapal.cli.parse.Scalars;
import dev.kapal.cli.template.Struct;
import dev.kapal.engine.spec.NetworkSpec.Endpoint;
import dev.kapal.network.IpPrefix;
import dev.kapal.network.Network;
import dev.kapal.network.NetworkException;
import dev.kapal.network.NetworkSpec;
import dev.kapal.network.Subnet;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/** network connect, create, disconnect, inspect, ls, prune and rm. */
final class NetworkCommands {
  private static final Listing LISTING =
      Listing.of(
          List.of("ID", "Name", "Driver", "Scope"),
          "ID",
          "NETWORK ID",
          "Name",
          "NAME",
          "Driver",
          "DRIVER",
          "Scope",
          "SCOPE",
          "IPv6",
          "IPV6",
          "Internal",
          "INTERNAL",
          "Labels",
          "LABELS",
          "CreatedAt",
          "CREATED AT");

  private NetworkCommands() {}

  private static final Leaf CREATE =
      Leaf.named("create")
          .summary("Make a network")
          .operands("NETWORK", 1, 1)
          .example("kapal network create backend", "a bridge network with a subnet that is free")
          .example(
              "kapal network create --subnet 10.9.0.0/24 --gateway 10.9.0.1 lab",
              "with addresses of your choice")
          .options(
              value("driver", "NAME", "CNI plugin: bridge, macvlan, ipvlan, ptp … (default bridge)")
                  .letter('d')
                  .among("bridge", "macvlan", "ipvlan", "ptp"),
              list("subnet", "CIDR", "Subnet; one of IPv4 and one of IPv6 may be given"),
              list("gateway", "ADDRESS", "Gateway of the subnet it lies in"),
              list("ip-range", "CIDR", "Part of a subnet that containers get addresses from"),
              flag("internal", "No way out of the network"),
              flag("ipv6", "Choose an IPv6 subnet too"),
              list("label", "KEY=VALUE", "Set a label"),
              list("opt", "KEY=VALUE", "Option of the driver: parent, mode, vlan, isolate, mtu")
                  .letter('o'),
              flag("attachable", "Ignored").hide(),
              value("scope", "SCOPE", "Ignored").hide(),
              value("ipam-driver", "NAME", "Ignored").hide())
          .does(NetworkCommands::create);

  private static final Leaf LS =
      Leaf.named("ls")
          .aliases("list")
          .summary("List networks")
          .example("kapal network ls --filter driver=bridge", "bridges only")
          .options(Listing.FILTER, Listing.FORMAT, Listing.NO_TRUNC, Listing.QUIET)
          .does(NetworkCommands::ls);

  private static final Leaf RM =
      Leaf.named("rm")
          .aliases("remove")
          .summary("Remove networks")
          .operands("NETWORK [NETWORK...]", 1, Integer.MAX_VALUE)
          .completes(Completion.NETWORK)
          .example("kapal network rm backend", "remove it")
          .options(flag("force", "No error when there is none such").letter('f'))
          .does(i ->
              Each.name(
                  i,
                  i.operands(),
                  name -> {
                    try {
                      i.engine().networks().remove(name);
                    } catch (dev.kapal.engine.EngineException.NotFound e) {
                      if (!i.flag("force")) {
                        throw e;
                      }
                    }
                  }));

  private static final Leaf PRUNE =
      Leaf.named("prune")
          .summary("Remove networks that no container has")
          .example("kapal network prune -f", "without asking")
          .options(Prune.FORCE, Prune.FILTER)
          .does(i -> {
            if (!Prune.agreed(i, "This removes all networks that no container has.")) {
              return 1;
            }
            Prune.print(
                i, "Deleted Networks", i.engine().networks().prune(LifeCommands.filters(i)));
            return 0;
          });

  private static final Leaf CONNECT =
      Leaf.named("connect")
          .summary("Put a container on one more network")
          .description(
              "Put a container, running or not, on one more network. Containers of a network that"
                  + " was made with 'kapal network create' find each other by name.")
          .operands("NETWORK CONTAINER", 2, 2)
          .completes(Completion.NETWORK)
          .example("kapal network connect backend web", "at once, and at each start")
          .example(
              "kapal network connect --ip 10.9.0.7 --alias db lab store",
              "with an address and a name")
          .options(
              list("alias", "NAME", "One more name of the container on this network"),
              value("ip", "ADDRESS", "IPv4 address"),
              value("ip6", "ADDRESS", "IPv6 address"),
              value("mac-address", "ADDRESS", "MAC address"))
          .does(i -> {
            i.engine()
                .networks()
                .connect(i.arguments().operand(0), i.arguments().operand(1), endpoint(i));
            return 0;
          });

  private static final Leaf DISCONNECT =
      Leaf.named("disconnect")
          .summary("Take a container off a network")
          .operands("NETWORK CONTAINER", 2, 2)
          .completes(Completion.NETWORK)
          .example("kapal network disconnect backend web", "at once, and at each start")
          .options(flag("force", "Also when the network's plugins fail").letter('f'))
          .does(i -> {
            i.engine()
                .networks()
                .disconnect(i.arguments().operand(0), i.arguments().operand(1), i.flag("force"));
            return 0;
          });

  private static Endpoint endpoint(Invocation i) {
    return new Endpoint(
        i.arguments().value("ip").map(a -> NetworkParser.address("ip", a)),
        i.arguments().value("ip6").map(a -> NetworkParser.address("ip6", a)),
        i.arguments().value("mac-address").map(a -> NetworkParser.mac("mac-address", a)),
        i.arguments().list("alias"));
  }

  static final Group GROUP =
      new Group(
          "network",
          List.of("networks"),
          "Networks of containers",
          SystemCommands.MANAGE,
          false,
          List.of(CONNECT, CREATE, DISCONNECT, InspectCommand.NETWORK, LS, PRUNE, RM));

  private static int create(Invocation i) {
    Map<String, String> options =
        new LinkedHashMap<>(Pairs.strict("opt", i.arguments().list("opt")));
    Optional<String> mtu =
        Optional.ofNullable(options.remove("mtu"))
            .or(() -> Optional.ofNullable(options.remove("com.docker.network.driver.mtu")));
    Optional<String> bridge = Optional.ofNullable(options.remove("com.docker.network.bridge.name"));
    NetworkSpec spec =
        new NetworkSpec(
            i.arguments().operand(0),
            i.arguments().value("driver").orElse("bridge"),
            subnets(i),
            i.flag("internal"),
            i.flag("ipv6"),
            mtu.map(text -> OptionalInt.of((int) Scalars.number("opt mtu", text, 68, 65_535)))
                .orElse(OptionalInt.empty()),
            bridge,
            Pairs.loose("label", i.arguments().list("label")),
            options);
    i.out().line(i.engine().networks().create(spec).id());
    return 0;
  }

  /** Gateways and ranges go to the subnet that they lie in. */
  private static List<Subnet> subnets(Invocation i) {
    List<InetAddress> gateways = new ArrayList<>();
    List<IpPrefix> ranges = new ArrayList<>();
    try {
      for (String text : i.arguments().list("gateway")) {
        gateways.add(InetAddress.ofLiteral(NetworkParser.address("gateway", text)));
      }
      for (String text : i.arguments().list("ip-range")) {
        ranges.add(IpPrefix.parse(text));
      }
      List<Subnet> subnets = new ArrayList<>();
      for (String text : i.arguments().list("subnet")) {
        IpPrefix prefix = IpPrefix.parse(text);
        Optional<InetAddress> gateway = gateways.stream().filter(prefix::contains).findFirst();
        Optional<IpPrefix> range = ranges.stream().filter(prefix::contains).findFirst();
        gateway.ifPresent(gateways::remove);
        range.ifPresent(ranges::remove);
        subnets.add(new Subnet(prefix, gateway, range));
      }
      if (!gateways.isEmpty() || !ranges.isEmpty()) {
        throw new UsageException(
            "a --gateway or --ip-range lies in no --subnet that was given: give its subnet too");
      }
      return subnets;
    } catch (NetworkException e) {
      throw new UsageException(String.valueOf(e.getMessage()));
    }
  }

  private static int ls(Invocation i) {
    boolean whole = i.flag("no-trunc");
    List<Network> networks = i.engine().networks().list(LifeCommands.filters(i));
    List<Struct> rows = new ArrayList<>();
    for (Network network : networks) {
      String id =
          whole ? network.id() : network.id().substring(0, Math.min(12, network.id().length()));
      if (i.flag("quiet")) {
        i.out().line(id);
        continue;
      }
      boolean six =
          network.subnets().stream().anyMatch(s -> s.prefix().toString().indexOf(':') >= 0);
      rows.add(
          new Struct()
              .with("ID", id)
              .with("Name", network.name())
              .with("Driver", network.driver())
              .with("Scope", "local")
              .with("IPv6", Boolean.toString(six))
              .with("Internal", Boolean.toString(network.internal()))
              .with("Labels", ContainerRows.labels(network.labels()))
              .with("CreatedAt", Humans.moment(network.created(), i.zone())));
    }
    if (!i.flag("quiet")) {
      LISTING.print(i, rows);
    }
    return 0;
  }
}
