package dev.kapal.image.registry.hosts;

import dev.kapal.image.registry.RegistryException.BadConfiguration;
import dev.kapal.image.registry.http.ProxyRules;
import dev.kapal.image.registry.http.TlsSettings;
import dev.kapal.image.registry.http.TlsSettings.ClientPair;
import dev.kapal.image.registry.http.Urls;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.tomlj.Toml;
import org.tomlj.TomlArray;
import org.tomlj.TomlParseResult;
import org.tomlj.TomlPosition;
import org.tomlj.TomlTable;

/**
 * A hosts.toml file in containerd's format (containerd docs/hosts.md). Unknown settings are passed
 * over, wrong values are errors that name the file and the setting.
 *
 * @param server the root of the file
 * @param hosts the mirrors, in the file's order
 */
record HostsToml(HostEntry server, List<HostEntry> hosts) {
  private static final int LARGEST = 256 << 10;
  private static final Set<String> FORBIDDEN_HEADERS =
      Set.of("connection", "content-length", "expect", "host", "upgrade", "transfer-encoding");

  static HostsToml read(Path file) {
    try {
      if (Files.size(file) > LARGEST) {
        throw bad(file, "is larger than " + (LARGEST >> 10) + " KiB");
      }
      return parse(Files.readString(file), file);
    } catch (IOException e) {
      throw new BadConfiguration(file + " cannot be read: " + e.getMessage(), Optional.of(e));
    }
  }

  static HostsToml parse(String text, Path file) {
    TomlParseResult toml;
    try {
      toml = Toml.parse(text);
    } catch (RuntimeException | StackOverflowError | AssertionError e) {
      // The parser asserts, overflows or trips over some malformed files instead of listing errors.
      throw new BadConfiguration(file + " is not TOML: " + e.getMessage(), Optional.of(e));
    }
    if (toml.hasErrors()) {
      var first = toml.errors().getFirst();
      throw bad(file, "is not TOML: " + first.getMessage() + " at " + first.position());
    }
    Reader root = new Reader(toml, file, "");
    Optional<URI> server = root.string("server").map(s -> root.url("server", s));
    List<HostEntry> hosts = new ArrayList<>();
    Optional<TomlTable> table = root.table("host");
    if (table.isPresent()) {
      for (String name : inOrder(table.get())) {
        if (!(table.get().get(List.of(name)) instanceof TomlTable settings)) {
          throw bad(file, "has a host \"" + name + "\" that is not a table");
        }
        Reader host = new Reader(settings, file, "host.\"" + name + "\".");
        hosts.add(host.entry(Optional.of(host.url("", name))));
      }
    }
    return new HostsToml(root.entry(server), List.copyOf(hosts));
  }

  private static List<String> inOrder(TomlTable table) {
    Comparator<TomlPosition> byPlace =
        Comparator.comparingInt(TomlPosition::line).thenComparingInt(TomlPosition::column);
    return table.keySet().stream()
        .sorted(
            Comparator.comparing(
                name ->
                    Optional.ofNullable(table.inputPositionOf(List.of(name)))
                        .orElse(TomlPosition.positionAt(1, 1)),
                byPlace))
        .toList();
  }

  private static BadConfiguration bad(Path file, String what) {
    return new BadConfiguration(file + " " + what, Optional.empty());
  }

  /** Reads the settings of one table, saying which one is wrong. */
  private record Reader(TomlTable table, Path file, String prefix) {

    HostEntry entry(Optional<URI> url) {
      return new HostEntry(
          url,
          capabilities(),
          new TlsSettings(bool("skip_verify"), authorities(), clients()),
          headers(),
          bool("override_path"),
          value("dial_timeout").map(this::duration),
          string("proxy").flatMap(this::proxy));
    }

    private BadConfiguration wrong(String key, String expected) {
      return bad(file, "has a wrong value for " + prefix + key + ": expected " + expected);
    }

    Optional<Object> value(String key) {
      return Optional.ofNullable(table.get(List.of(key)));
    }

    Optional<String> string(String key) {
      return value(key)
          .map(v -> {
            if (v instanceof String text) {
              return text.strip();
            }
            throw wrong(key, "a string");
          })
          .filter(text -> !text.isEmpty());
    }

    Optional<TomlTable> table(String key) {
      return value(key)
          .map(v -> {
            if (v instanceof TomlTable inner) {
              return inner;
            }
            throw wrong(key, "a table");
          });
    }

    boolean bool(String key) {
      return value(key)
          .map(v -> {
            if (v instanceof Boolean truth) {
              return truth;
            }
            throw wrong(key, "true or false");
          })
          .orElse(false);
    }

    private Set<Capability> capabilities() {
      List<String> names = strings("capabilities");
      if (names.isEmpty()) {
        return EnumSet.allOf(Capability.class);
      }
      Set<Capability> all = EnumSet.noneOf(Capability.class);
      for (String name : names) {
        all.add(
            Capability.parse(name)
                .orElseThrow(() -> wrong("capabilities", "some of pull, resolve, push")));
      }
      return all;
    }

    /** A string, or an array of strings. */
    private List<String> strings(String key) {
      return value(key).map(v -> strings(key, v)).orElse(List.of());
    }

    private List<String> strings(String key, Object value) {
      if (value instanceof String text) {
        return List.of(text);
      }
      if (!(value instanceof TomlArray array)) {
        throw wrong(key, "a string or an array of strings");
      }
      List<String> all = new ArrayList<>();
      for (Object element : array.toList()) {
        if (!(element instanceof String text)) {
          throw wrong(key, "a string or an array of strings");
        }
        all.add(text);
      }
      return all;
    }

    private List<Path> authorities() {
      return strings("ca").stream().map(text -> path("ca", text)).toList();
    }

    private List<ClientPair> clients() {
      Optional<Object> value = value("client");
      if (value.isEmpty()) {
        return List.of();
      }
      List<ClientPair> pairs = new ArrayList<>();
      if (value.get() instanceof TomlArray array) {
        for (Object element : array.toList()) {
          pairs.add(pair(strings("client", element)));
        }
      } else {
        pairs.add(pair(strings("client", value.get())));
      }
      return pairs;
    }

    private ClientPair pair(List<String> files) {
      if (files.isEmpty() || files.size() > 2) {
        throw wrong("client", "a file, or pairs of a certificate and a key file");
      }
      Optional<Path> key =
          files.size() == 2 && !files.get(1).isEmpty()
              ? Optional.of(path("client", files.get(1)))
              : Optional.empty();
      return new ClientPair(path("client", files.getFirst()), key);
    }

    private Path path(String key, String text) {
      try {
        return Optional.ofNullable(file.getParent()).orElse(Path.of("/")).resolve(text);
      } catch (InvalidPathException e) {
        throw wrong(key, "a path");
      }
    }

    private Map<String, List<String>> headers() {
      Map<String, List<String>> all = new LinkedHashMap<>();
      table("header")
          .ifPresent(header -> {
            for (String name : header.keySet()) {
              boolean token =
                  !name.isEmpty()
                      && name.chars()
                          .allMatch(
                              c -> c > ' ' && c < 0x7f && "()<>@,;:\\\"/[]?={}".indexOf(c) < 0);
              if (!token || FORBIDDEN_HEADERS.contains(name.toLowerCase(Locale.ROOT))) {
                throw wrong("header", "names of headers that may be set, not \"" + name + "\"");
              }
              List<String> values =
                  strings("header", Optional.ofNullable(header.get(List.of(name))).orElse(""));
              if (values.stream().anyMatch(v -> v.chars().anyMatch(c -> c < ' ' || c > 0x7e))) {
                throw wrong("header", "values of printable characters for " + name);
              }
              all.put(name, values);
            }
          });
      return all;
    }

    private Duration duration(Object value) {
      return GoDuration.of(value)
          .orElseThrow(() -> wrong("dial_timeout", "a duration such as \"5s\" or \"500ms\""));
    }

    private Optional<URI> proxy(String text) {
      try {
        return ProxyRules.proxy(prefix + "proxy", text);
      } catch (IllegalArgumentException e) {
        throw bad(file, "has a proxy that cannot be used: " + e.getMessage());
      }
    }

    URI url(String key, String text) {
      String withScheme = text.contains("://") ? text : "https://" + text;
      try {
        URI uri = new URI(withScheme);
        boolean sound =
            (Urls.isHttp(uri) || Urls.isHttps(uri))
                && !Urls.host(uri).isEmpty()
                && uri.getRawQuery() == null
                && uri.getRawFragment() == null
                && uri.getRawUserInfo() == null;
        if (sound) {
          return uri;
        }
      } catch (URISyntaxException e) {
        throw wrong(key, "a URL such as https://mirror.example.com, not \"" + text + "\"");
      }
      throw wrong(key, "a URL such as https://mirror.example.com, not \"" + text + "\"");
    }
  }
}
