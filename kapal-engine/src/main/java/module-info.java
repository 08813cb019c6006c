/** The engine: the public Java API of Kapal. */
module dev.kapal.engine {
  requires static transitive org.jspecify;
  requires transitive dev.kapal.image;
  requires transitive dev.kapal.runtime;
  requires transitive dev.kapal.network;
  requires java.sql;

  exports dev.kapal.engine;
  exports dev.kapal.engine.spec;
}
