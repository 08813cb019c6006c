package dev.kapal.runtime.plan;

import static dev.kapal.runtime.plan.Kernel.*;

import dev.kapal.oci.runtime.NamespaceType;
import dev.kapal.runtime.ContainerException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;

/**
 * Network devices of the host that become the container's (config-linux.md, Network Devices), by
 * rtnetlink(7): moved and renamed in one step, given the addresses again that the move takes from
 * them, and brought up.
 */
final class NetDevicePlan {
  private static final int AF_NETLINK = 16;
  private static final int SOCK_RAW = 3;
  private static final short NEW_LINK = 16;
  private static final short NEW_ADDRESS = 20;
  private static final short REQUEST_ACK = 1 | 4;
  private static final short CREATE_EXCLUSIVE = 0x400 | 0x200;
  private static final short IFLA_IFNAME = 3;
  private static final short IFLA_NET_NS_FD = 28;
  private static final short IFLA_NEW_IFINDEX = 49;
  private static final short IFA_ADDRESS = 1;
  private static final short IFA_LOCAL = 2;
  private static final byte PERMANENT = (byte) 0x80;
  private static final int UP = 1;

  /** A message names the namespace by the number of a descriptor; nothing else goes so high. */
  private static final int FIXED_NAMESPACE = 902;

  /** What the kernel takes for a device's name (dev_valid_name). */
  private static final Pattern NAME = Pattern.compile("[^/:\\s\\p{Cntrl}]{1,15}");

  private final Compilation c;

  NetDevicePlan(Compilation c) {
    this.c = c;
    if (!wanted(c)) {
      return;
    }
    if (c.linux.namespace(NamespaceType.NETWORK).isEmpty()) {
      throw new ContainerException.Invalid(
          "linux.netDevices needs a network namespace of the container's: add one to linux.namespaces");
    }
    if (c.userNamespace) {
      throw Compilation.unsupported(
          "Network devices cannot be moved into a container with a user namespace: only the host's"
              + " root may move them");
    }
    c.linux
        .netDevices()
        .forEach((host, device) -> {
          String inside = device.name().isEmpty() ? host : device.name();
          for (String name : new String[] {host, inside}) {
            if (!NAME.matcher(name).matches() || name.equals(".") || name.equals("..")) {
              throw new ContainerException.Invalid(
                  "linux.netDevices has \"" + name + "\", which is no name of a network device");
            }
          }
          if (inside.equals("lo")) {
            throw new ContainerException.Invalid(
                "linux.netDevices cannot bring in a device named lo: the namespace has its own");
          }
        });
  }

  static boolean wanted(Compilation c) {
    return !c.linux.netDevices().isEmpty();
  }

  /** While still in the host's network namespace. */
  void acquire(Section s) {
    if (wanted(c)) {
      s.to("reach the host's network devices");
      socket(s, "host network");
    }
  }

  private void socket(Section s, String name) {
    s.call("socket", Arg.of(AF_NETLINK), Arg.of(SOCK_RAW | O_CLOEXEC), Arg.of(0)).out(c.slot(name));
  }

  /** In the container's. */
  void move(Section s) {
    if (!wanted(c)) {
      return;
    }
    s.to("reach the container's network devices");
    socket(s, "container network");
    c.openHost(s, "/proc/self/ns/net", 0, c.slot("namespace"));
    s.call("dup3", c.slot("namespace"), Arg.of(FIXED_NAMESPACE), Arg.of(O_CLOEXEC))
        .out(c.slot("fixed namespace"));
    c.linux
        .netDevices()
        .forEach((host, device) -> {
          NetDeviceFacts facts = c.inputs.netDevices().get(host);
          if (facts == null) {
            throw new IllegalStateException("nothing is known of the network device " + host);
          }
          move(s, host, device.name().isEmpty() ? host : device.name(), facts);
        });
    s.op(Op.FORGET, c.slot("fixed namespace"));
    s.op(Op.FORGET, c.slot("namespace"));
    s.op(Op.FORGET, c.slot("container network"));
    s.op(Op.FORGET, c.slot("host network"));
  }

  private void move(Section s, String host, String inside, NetDeviceFacts facts) {
    s.to("move the network device " + host + " into the container as " + inside);
    ByteBuffer move = link(facts.index(), 0);
    attribute(move, IFLA_NET_NS_FD, number(FIXED_NAMESPACE));
    attribute(move, IFLA_NEW_IFINDEX, number(facts.index()));
    attribute(move, IFLA_IFNAME, (inside + "\0").getBytes(StandardCharsets.UTF_8));
    send(s, "host network", NEW_LINK, REQUEST_ACK, move);
    for (NetDeviceFacts.Address address : facts.addresses()) {
      byte[] bytes = address.address().getAddress();
      s.to("give the network device " + inside + " its address " + address.address());
      ByteBuffer add = buffer();
      add.put((byte) (bytes.length == 4 ? 2 : 10)).put((byte) address.prefix());
      add.put(PERMANENT).put((byte) 0).putInt(facts.index());
      if (bytes.length == 4) {
        attribute(add, IFA_LOCAL, bytes);
      }
      attribute(add, IFA_ADDRESS, bytes);
      send(s, "container network", NEW_ADDRESS, (short) (REQUEST_ACK | CREATE_EXCLUSIVE), add);
    }
    s.to("bring the network device " + inside + " up");
    send(s, "container network", NEW_LINK, REQUEST_ACK, link(facts.index(), UP));
  }

  /** Behind a header that {@link #send} fills in. */
  private static ByteBuffer buffer() {
    return ByteBuffer.allocate(256).order(ByteOrder.LITTLE_ENDIAN).position(16);
  }

  private static ByteBuffer link(int index, int flags) {
    return buffer().putInt(0).putInt(index).putInt(flags).putInt(flags);
  }

  private static byte[] number(int value) {
    return ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(value).array();
  }

  private static void attribute(ByteBuffer to, short type, byte[] value) {
    to.putShort((short) (4 + value.length)).putShort(type).put(value);
    to.position((to.position() + 3) / 4 * 4);
  }

  private void send(Section s, String socket, short type, short flags, ByteBuffer message) {
    int length = message.position();
    message.putInt(0, length).putShort(4, type).putShort(6, flags).putInt(8, 1);
    byte[] bytes = new byte[length];
    message.get(0, bytes);
    s.op(Op.NETLINK, c.slot(socket), Arg.of(Bytes.of(bytes)), Arg.of(length));
  }
}
