/** The OCI specifications as records. */
module dev.kapal.oci {
  requires static transitive org.jspecify;
  requires transitive tools.jackson.databind;

  exports dev.kapal.oci;

  opens dev.kapal.oci to
      tools.jackson.databind;
}
