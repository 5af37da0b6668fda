import CRocksDB

/// How much memory and how many files a database may use.
public struct DatabaseOptions: Sendable {
  /// Bytes of the block cache that all tables share; indexes and filters count.
  public var cacheBytes = 32 << 20
  /// Bytes of writes, over all tables, that may be in memory before they are written to table files.
  public var writeBufferBytes = 12 << 20
  /// The largest number of files that are open at once.
  public var openFiles = 256
  /// Whether a missing database is made.
  public var createsIfMissing = true

  public init() {}

  /// RocksDB's options object; the caller destroys it after opening.
  func makeOptions() -> OpaquePointer? {
    let options = rocksdb_options_create()
    rocksdb_options_set_create_if_missing(options, createsIfMissing ? 1 : 0)
    rocksdb_options_set_create_missing_column_families(options, 1)
    rocksdb_options_set_paranoid_checks(options, 1)
    rocksdb_options_set_wal_recovery_mode(options, Self.tolerateTornTail)
    rocksdb_options_set_max_open_files(options, Int32(clamping: openFiles))
    rocksdb_options_set_max_background_jobs(options, 2)
    rocksdb_options_set_skip_stats_update_on_db_open(options, 1)
    setMemory(options)
    setFiles(options)
    setTables(options)
    return options
  }

  /// A damaged write-ahead log is refused, unless only its last, never acknowledged write is incomplete.
  private static let tolerateTornTail: Int32 = 0
  /// The information log gets fatal messages only: RocksDB aborts the process when it cannot write that log,
  /// and failures are returned as errors anyway.
  private static let fatalLevel: Int32 = 4

  private func setMemory(_ options: OpaquePointer?) {
    let table = max(writeBufferBytes / 3, 1 << 20)
    rocksdb_options_set_db_write_buffer_size(options, writeBufferBytes)
    rocksdb_options_set_write_buffer_size(options, table)
    // Each of about a dozen tables allocates one such block for its first value; the default is 1 MiB.
    rocksdb_options_set_arena_block_size(options, 64 << 10)
    // A table that is seldom written keeps old files of the write-ahead log alive. This limits their bytes,
    // which a restart must read.
    rocksdb_options_set_max_total_wal_size(options, UInt64(max(writeBufferBytes, 1 << 20)) * 4)
    rocksdb_options_set_max_bytes_for_level_base(options, UInt64(table) * 4)
    rocksdb_options_set_target_file_size_base(options, 8 << 20)
    rocksdb_options_set_level_compaction_dynamic_level_bytes(options, 1)
  }

  private func setFiles(_ options: OpaquePointer?) {
    rocksdb_options_set_compression(options, Int32(rocksdb_lz4_compression))
    rocksdb_options_set_bytes_per_sync(options, 1 << 20)
    rocksdb_options_set_max_manifest_file_size(options, 8 << 20)
    rocksdb_options_set_info_log_level(options, Self.fatalLevel)
    rocksdb_options_set_max_log_file_size(options, 1 << 20)
    rocksdb_options_set_keep_log_file_num(options, 2)
    rocksdb_options_set_stats_dump_period_sec(options, 0)
    rocksdb_options_set_stats_persist_period_sec(options, 0)
  }

  private func setTables(_ options: OpaquePointer?) {
    let tables = rocksdb_block_based_options_create()
    let cache = rocksdb_cache_create_lru(cacheBytes)
    // The table options take ownership of the filter policy. The cache is reference-counted; this function
    // releases its own reference below.
    rocksdb_block_based_options_set_filter_policy(tables, rocksdb_filterpolicy_create_bloom_full(10))
    rocksdb_block_based_options_set_block_cache(tables, cache)
    rocksdb_block_based_options_set_cache_index_and_filter_blocks(tables, 1)
    rocksdb_block_based_options_set_cache_index_and_filter_blocks_with_high_priority(tables, 1)
    rocksdb_block_based_options_set_pin_l0_filter_and_index_blocks_in_cache(tables, 1)
    rocksdb_block_based_options_set_format_version(tables, 5)
    rocksdb_options_set_block_based_table_factory(options, tables)
    rocksdb_cache_destroy(cache)
    rocksdb_block_based_options_destroy(tables)
  }
}
