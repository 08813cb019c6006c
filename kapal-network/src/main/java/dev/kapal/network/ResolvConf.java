package dev.kapal.network;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;

/**
 * The contents of {@code /etc/resolv.conf} (resolv.conf(5)).
 *
 * @param nameservers literal addresses, an IPv6 one may have a zone
 * @param search domains to try, in order
 * @param options such as {@code ndots:5}
 */
public record ResolvConf(List<String> nameservers, List<String> search, List<String> options) {
  private static final List<String> PUBLIC = List.of("8.8.8.8", "8.8.4.4");
  private static final int MAX_BYTES = 64 * 1024;

  /** Makes the collections immutable. */
  public ResolvConf {
    nameservers = List.copyOf(nameservers);
    search = List.copyOf(search);
    options = List.copyOf(options);
  }

  /** Reads a file's text; lines that are not understood are left out, as the C library does. */
  public static ResolvConf parse(String text) {
    List<String> servers = new ArrayList<>();
    List<String> search = List.of();
    LinkedHashSet<String> options = new LinkedHashSet<>();
    String bounded = text.length() > MAX_BYTES ? text.substring(0, MAX_BYTES) : text;
    for (String line : (Iterable<String>) bounded.lines()::iterator) {
      String[] words = line.strip().split("\\s+");
      if (words.length < 2 || words[0].startsWith("#") || words[0].startsWith(";")) {
        continue;
      }
      List<String> rest = arguments(words);
      switch (words[0]) {
        case "nameserver" -> servers.addAll(rest.isEmpty() ? List.of() : rest.subList(0, 1));
        case "search", "domain" -> search = rest;
        case "options" -> options.addAll(rest);
        default -> {}
      }
    }
    return new ResolvConf(servers, search, List.copyOf(options));
  }

  private static List<String> arguments(String[] words) {
    List<String> rest = new ArrayList<>();
    for (int i = 1; i < words.length; i++) {
      if (words[i].startsWith("#") || words[i].startsWith(";")) {
        break;
      }
      rest.add(words[i]);
    }
    return rest;
  }

  /**
   * What a container with a network namespace of its own gets: the asked-for values, then the
   * host's. Loopback name servers of the host, which a container cannot reach, are left out; when
   * none remains, public ones stand in, as with Docker.
   *
   * @param asked {@code --dns}, {@code --dns-search} and {@code --dns-option}; each empty list
   *     means the host's values; search of one {@code "."} means none
   */
  public static ResolvConf forContainer(ResolvConf host, ResolvConf asked) {
    List<String> servers = asked.nameservers;
    if (servers.isEmpty()) {
      servers = host.nameservers.stream().filter(s -> !isLoopback(s)).toList();
    }
    if (servers.isEmpty()) {
      servers = PUBLIC;
    }
    List<String> search = asked.search.isEmpty() ? host.search : asked.search;
    if (search.equals(List.of("."))) {
      search = List.of();
    }
    List<String> options = asked.options.isEmpty() ? host.options : asked.options;
    return new ResolvConf(servers, search, options);
  }

  /** Whether all name servers are on loopback, as with a local stub resolver. */
  public boolean onlyLoopback() {
    return !nameservers.isEmpty() && nameservers.stream().allMatch(ResolvConf::isLoopback);
  }

  private static boolean isLoopback(String server) {
    int zone = server.indexOf('%');
    String plain = zone < 0 ? server : server.substring(0, zone);
    return Addresses.isAddress(plain) && Addresses.parse(plain).isLoopbackAddress();
  }

  /** Checks values given by a user or an image. */
  public ResolvConf validated() {
    for (String server : nameservers) {
      Addresses.parse(server.contains("%") ? server.substring(0, server.indexOf('%')) : server);
    }
    for (String word : search) {
      word("search domain", word, 253);
    }
    for (String word : options) {
      word("resolver option", word, 255);
    }
    return this;
  }

  private static void word(String what, String word, int max) {
    boolean plain =
        !word.isEmpty()
            && word.length() <= max
            && word.chars().allMatch(c -> c > 0x20 && c < 0x7f && c != '#' && c != ';');
    if (!plain) {
      throw new NetworkException.Invalid(
          "invalid " + what + " \"" + word + "\": it is one word of at most " + max + " letters");
    }
  }

  /** The file's text. */
  public String text() {
    StringBuilder out = new StringBuilder();
    nameservers.forEach(s -> out.append("nameserver ").append(s).append('\n'));
    if (!search.isEmpty()) {
      out.append("search ").append(String.join(" ", search)).append('\n');
    }
    if (!options.isEmpty()) {
      out.append("options ").append(String.join(" ", options)).append('\n');
    }
    return out.toString();
  }
}
