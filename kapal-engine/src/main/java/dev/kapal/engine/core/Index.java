package dev.kapal.engine.core;

import dev.kapal.engine.EngineException;
import java.security.SecureRandom;
import java.util.Collection;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/** The containers in memory, by ID and by name. */
final class Index {
  private static final int MIN_PREFIX = 1;
  private static final SecureRandom RANDOM = new SecureRandom();

  private static final Comparator<Entry> YOUNGEST_FIRST =
      Comparator.comparing((Entry e) -> e.record.created()).reversed().thenComparing(e -> e.id);

  private final Map<String, Entry> byId = new ConcurrentHashMap<>();

  /** How often a container has come or gone. */
  private final AtomicLong changes = new AtomicLong();

  private volatile Ordered ordered = new Ordered(0, List.of());

  private final Map<String, String> names = new ConcurrentHashMap<>();

  private static final int REMEMBERED = 256;

  /**
   * Removed not long ago, by ID: who waits for the end of a container that removes itself may ask
   * after it. Guarded by itself.
   */
  private final Map<String, Entry> gone = new LinkedHashMap<>();

  /** All of them in order, and when that was so. */
  private record Ordered(long at, List<Entry> entries) {}

  static String newId() {
    byte[] bytes = new byte[32];
    String id;
    do {
      RANDOM.nextBytes(bytes);
      id = HexFormat.of().formatHex(bytes);
      // An ID whose first digits are all decimal could be taken for a number by other tools.
    } while (id.substring(0, 12).chars().allMatch(Character::isDigit));
    return id;
  }

  /**
   * Takes a name for an ID.
   *
   * @throws EngineException.Conflict another container has it
   */
  void reserve(String name, String id) {
    String owner = names.putIfAbsent(name, id);
    if (owner != null && !owner.equals(id)) {
      throw new EngineException.Conflict(
          "the name \""
              + name
              + "\" is taken by container "
              + owner.substring(0, 12)
              + ": use another one, or remove that container");
    }
  }

  /** A name that nobody has. */
  String reserveAny(String id) {
    while (true) {
      String name = Names.random();
      if (names.putIfAbsent(name, id) == null) {
        return name;
      }
    }
  }

  void release(String name, String id) {
    names.remove(name, id);
  }

  void put(Entry e) {
    byId.put(e.id, e);
    changes.incrementAndGet();
  }

  void remove(Entry e) {
    synchronized (gone) {
      gone.put(e.id, e);
      if (gone.size() > REMEMBERED) {
        gone.remove(gone.keySet().iterator().next());
      }
    }
    byId.remove(e.id);
    changes.incrementAndGet();
    names.remove(e.name(), e.id);
  }

  /** All, also those that are being made. */
  Collection<Entry> all() {
    return byId.values();
  }

  /** The containers of a pod. */
  List<Entry> members(String pod) {
    return byId.values().stream()
        .filter(e -> e.record.spec().pod().filter(p -> p.pod().equals(pod)).isPresent())
        .toList();
  }

  /** Those whose making is complete. */
  List<Entry> published() {
    return byId.values().stream().filter(e -> e.published).toList();
  }

  /**
   * All, also those that are being made, in the order of lists. Lists are asked for all the time,
   * and containers come and go less often: the order is kept.
   */
  List<Entry> youngestFirst() {
    long now = changes.get();
    Ordered last = ordered;
    if (last.at() != now) {
      // What comes or goes while this is made is counted as later, whether it is in it or not.
      last = new Ordered(now, byId.values().stream().sorted(YOUNGEST_FIRST).toList());
      ordered = last;
    }
    return last.entries();
  }

  Optional<Entry> byId(String id) {
    return Optional.ofNullable(byId.get(id));
  }

  /**
   * Finds by ID, name, or unique prefix of an ID; a name wins over a prefix.
   *
   * @throws EngineException.NotFound there is none such
   * @throws EngineException.InvalidArgument a prefix of several
   */
  Entry get(String ref) {
    Entry exact = byId.get(ref);
    if (exact != null && exact.published) {
      return exact;
    }
    String plain = ref.startsWith("/") ? ref.substring(1) : ref;
    String id = names.get(plain);
    if (id != null) {
      Entry e = byId.get(id);
      if (e != null && e.published) {
        return e;
      }
    }
    if (plain.length() >= MIN_PREFIX && plain.matches("[0-9a-f]{1,64}")) {
      List<Entry> found =
          byId.values().stream()
              .filter(e -> e.published && e.id.startsWith(plain))
              .limit(2)
              .toList();
      if (found.size() == 1) {
        return found.getFirst();
      }
      if (found.size() > 1) {
        throw new EngineException.InvalidArgument(
            "\"" + ref + "\" begins the ID of several containers: give more digits");
      }
    }
    throw new EngineException.NotFound(
        "there is no container \"" + shorten(ref) + "\": \"kapal ps -a\" lists those that exist");
  }

  /**
   * As {@link #get}, and by its full ID also one that was removed not long ago.
   *
   * @throws EngineException.NotFound there is none such
   */
  Entry getOrGone(String ref) {
    try {
      return get(ref);
    } catch (EngineException.NotFound e) {
      Entry last;
      synchronized (gone) {
        last = gone.get(ref);
      }
      if (last != null) {
        return last;
      }
      throw e;
    }
  }

  private static String shorten(String text) {
    String clean = text.replaceAll("[\\p{Cntrl}]", "?");
    return clean.length() > 100 ? clean.substring(0, 100) + "…" : clean;
  }
}
