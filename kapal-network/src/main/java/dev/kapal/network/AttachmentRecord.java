package dev.kapal.network;

import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * What is on disk about a container's networks. Written as an intention before the first plugin
 * runs, replaced with the results after the last one.
 *
 * @param netnsIdentity device and inode of the namespace: a path in {@code /proc} can come to mean
 *     another namespace, even the host's
 * @param complete whether all plugins have finished
 */
record AttachmentRecord(
    String containerId,
    String netns,
    String netnsIdentity,
    boolean complete,
    List<Join> joins,
    List<PublishedPort> ports) {
  private static final int FORMAT = 1;

  AttachmentRecord {
    joins = List.copyOf(joins);
    ports = List.copyOf(ports);
  }

  AttachmentRecord completed(List<Join> results) {
    return new AttachmentRecord(containerId, netns, netnsIdentity, true, results, ports);
  }

  AttachmentRecord withJoins(List<Join> others) {
    boolean published = others.stream().anyMatch(j -> j.runtime().has("portMappings"));
    return new AttachmentRecord(
        containerId, netns, netnsIdentity, complete, others, published ? ports : List.of());
  }

  AttachmentRecord withPorts(List<PublishedPort> others) {
    return new AttachmentRecord(containerId, netns, netnsIdentity, complete, joins, others);
  }

  /**
   * Whether nothing of a complete record is being added or removed. A join without a result is, and
   * one whose ports are not published yet: a process killed then leaves it for {@link Networks#gc}.
   */
  boolean settled() {
    return joins.stream().allMatch(j -> j.result().isPresent() && !j.handed());
  }

  Attachment describe() {
    return new Attachment(
        containerId,
        netns,
        joins.stream().filter(j -> j.result().isPresent()).map(Join::describe).toList(),
        ports);
  }

  ObjectNode toJson() {
    ObjectNode out = Json.object();
    out.put("format", FORMAT);
    out.put("containerId", containerId);
    out.put("netns", netns);
    out.put("netnsIdentity", netnsIdentity);
    out.put("complete", complete);
    ArrayNode list = out.putArray("networks");
    joins.forEach(j -> list.add(j.toJson()));
    out.set("ports", portMappings(ports));
    return out;
  }

  /** The value of CNI's {@code portMappings} capability. */
  static ArrayNode portMappings(List<PublishedPort> ports) {
    ArrayNode list = Json.array();
    for (PublishedPort port : ports) {
      ObjectNode item =
          list.addObject()
              .put("hostPort", port.hostPort())
              .put("containerPort", port.containerPort())
              .put("protocol", port.protocol().text());
      port.hostAddress().ifPresent(a -> item.put("hostIP", Addresses.text(a)));
    }
    return list;
  }

  static AttachmentRecord parse(String what, String text) {
    ObjectNode json = Json.parseObject(what, text);
    if (json.path("format").asInt(0) != FORMAT) {
      throw new NetworkException.Invalid(what + " has an unknown format");
    }
    List<Join> joins = new ArrayList<>();
    for (JsonNode item : Json.items(json, "networks")) {
      if (item instanceof ObjectNode object) {
        joins.add(Join.of(object));
      }
    }
    List<PublishedPort> ports = new ArrayList<>();
    for (JsonNode item : Json.items(json, "ports")) {
      ports.add(
          new PublishedPort(
              Json.string(item, "hostIP").map(Addresses::parse),
              PortRange.of(item.path("hostPort").asInt(0)).first(),
              PortRange.of(item.path("containerPort").asInt(0)).first(),
              Protocol.parse(Json.string(item, "protocol").orElse(""))));
    }
    return new AttachmentRecord(
        Names.container(Json.string(json, "containerId").orElse("")),
        Json.string(json, "netns").orElse(""),
        Json.string(json, "netnsIdentity").orElse(""),
        Json.flag(json, "complete"),
        joins,
        ports);
  }

  /**
   * Whether the record must outlive a power loss. Kapal's own networks leave nothing behind one but
   * address leases, which are swept when no record knows them; what plugins of others keep where,
   * nobody knows.
   */
  boolean durable() {
    return joins.stream().anyMatch(j -> !j.list().managed());
  }

  /** Networks of this record by name. */
  boolean uses(String network) {
    return joins.stream().anyMatch(j -> j.list().name().equals(network));
  }
}
