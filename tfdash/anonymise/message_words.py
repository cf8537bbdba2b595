"""Words of which messages of others consist: those of Kubernetes' controllers and of its operators', and of what this program writes into an audit
log. What else stands in a message may be anybody's name. Lower case."""

from __future__ import annotations

_SAID = """
    abandoned able abort aborted absent absolute accept accepted accepting access accessing accommodate accounted acknowledge
    acknowledged acknowledges acme acmedns across act acted acting actor acts actuated add added adding additional address
    addresses adds administrator admission admit adopt advance advancement advisory affinity afresh afterwards against age
    aggregated aggregator ago ahead algorithm alignment allocatable allocate allocated allocation allocations allocator allow
    allowed allows alongside already although always ambient amount analyses analysis anchor anchors anew ann annotate annotations
    answered answers anti anyhow anything anyway apart apiserver apparmor appear appears append appended applied apply applying
    approval approvals approve approver approves approving args argument arguments around aside asks assertion assessed assessment
    assigned assignment assignments assume assumed attach attached attachment attempt attempted attempting audit authentication
    author authority authorization authorizer auto automated autoscaled autoscaler azuredns background backoff bad ballast base
    based baseline baselines beat beats became become becomes began beginning beginnings begins begun being believed believes
    belong belongs besides best better beyond bigint bind binding bindings binds bit blindly block blocked blocking board bodies
    body boolean boot bootstrap bounds braces break bring brings broken brought budget bug build building builds built burden
    bytea ca cache cached caches cadvisor cainjector calculate calculated calculating call callable called caller calling calls
    cancelled cannot canonical cap capability capable capacity capped carried carrier carries carry case cases cast centuries cert
    certain certainly certmanager cgroup cgroups chain chains changed character characters charge chars checked checking
    checkpoint checks chmod choice choices choose chose chosen ci cidr cidrs claim claimed claims class cleaned cleaning cleanup
    clear client clock clocks close closes cmctl coalesce code collect collection collector columns comes command commands commas
    commit commits committed common companion companions compared compatible completed completion component composite composition
    compress compressible compromised compute concern concerns conditional conditions conf configure configured configuring
    confirm confirmation confirmed confirms conflict conflicting connect connecting connection connections constraint constraints
    construct constructing consumed contain contained containerfs contains content context continue continued continues controlled
    controller controllers convert converting copied copies copy copying cordon cordoned correctly correlated corresponding costs
    couldn counted counter counts cover covered covers cpumanager cpus cpuset crash crashed create created creating creation
    creator credential credentials cron crossed crossing crossings csi csr cursor custom cut daemon daily damage damaged database
    dated dead decide decided decides decision decisions declared declares decode decoded decoding deeply default defaults define
    defined definition definitions delay delete deleter deletes deleting deletion deliver delivered delivering delivers denial
    deny depends deploy deployed deploys derive derived derives describe describes descriptor descriptors deserialize destination
    detach details detected determine determining device devices dial dialer dialing didn diff differ different differs digest
    digests digits dim dir directory disabled discover discovery dispense disruption disruptions distances disturbed dns document
    documents doesn doing domain double doubts download downloaded draft drafts driver dropping dry dsn duplicate duplicates
    durable durably duration during dynamic earlier earliest ecdsa effect effort elevate elevation elsewhere emergency emptied
    empty enable enabled encode encoded encoding encountered encrypts endpoint endpoints ends enforce enforcements enough enqueued
    ensure enter entered enters entity entries entry env environments envvars eof ephemeral epoch equal equally equals err escaped
    estimate evaluate even ever everybody everything evict evicted evicting eviction evictions exact exactly exceed exceeded
    exceeding excluded exclusive exec execute executed execution executor executors exempt exempts exist existence existing exists
    exit exited expand expect expected expires extend extended extender extenders extension external extra fact facts failing
    fails fall falling far faster fault feasibility feature features feeds fetch fetched fetches fetching field fields file files
    filesystem filled filler fills filter final finalize finalizer finalizers finalizing find finds finger finish finished fit fix
    fixes flag flapped flaps flight folder folds follow followed following follows forbidden force forged forges forgets forgotten
    fork forked forks form format formula forward fqdn fractions free freeze freezes fresh frozen fsync full fullfsync fully
    function functions further future gap gaps garbage gates gave generate generated generating generation generic getting give
    given gives glass going gone got grace graceful greater green groups grow grows guaranteed guard guarded habit half halt hand
    handed handler handlers hands hangs happens hard harmless hash hashed hashes hashtextextended having head header headers
    headroom heads heals heard heartbeat hello helper helpful helps hex hexadecimal hidden hierarchy higher highest hint history
    holder hook hooks hosted hostname house however huge hundred hung id identical identifier identities identity ids ignored
    ignoring illegal imagefs impersonate impersonated implement implemented imported imports included includes including inclusive
    incoming incompatible incomplete inconclusive incorrectly increasing index indexable indexer indexes indicates inf infeasible
    infer infinities information informer infos inhibit inhibitor init initial initialise initialize initialized initializing
    injectable inline inode inotify input insecure insert inside install installed instances instantiating instead instr
    insufficient int integer integers intent intents interface interfaces interval intervals isn isolate isolated issuance issue
    issued issues issuing items iteration joined journal journals journeys judge judged judgement judges keep keepers keeping
    keeps keypair keys keystore kill killed killing kind kinds knew knob knowing knows kube kubeconfig kubelet kubernetes
    kustomize labelled lack lacking lacks large larger lasts late lately later latest latter lay leads leaf leave leaves leaving
    ledger left length lets letters levels library lie lies life lifecycle likewise line lines link linux listed listener lister
    listing literal liveness lives living loaded loading local localhost located location lock locked locks logger logind logins
    logs longer longest looked looking looks lookup loop loss lost loudly low lower lowered lowest machine machines maker makes
    making malformed managed manager managers manages mandatory manifest manual manually map mapped mappings maps margin marked
    marks marshal marshall marshalling mask masked match matched matches matching matters max mean means meant meantime meanwhile
    measured measurement measures meet meets member members memorymanager mentioned merge merged met meta metadata method methods
    microseconds middle might migrate migrated migration migrations min mine mismatch missed misspelt mistake module moment
    monotonic mount mounted mounts move moved moves ms multiple mutated mutation mutations names nameserver nameservers namespaced
    naming needed negative neither nested networking newer newline news nil ninety nominated non normalisation normalizing note
    noted notes notice noticed notification notified notify null number numbered numbers obj observed obtain obtaining occurred
    odd offer offered offers often oid older oldest omitted omitting ones oom op opened opens operation operations operator option
    optional options org original orphaned orphaning otherwise ours ourselves outbox outcome outermost outlives output outside
    overflow overlap overlapping overlaps override overruled overrules overruling overwrite overwritten owned owns pack packed
    pages pair palette panic parameter parameters parent parents parse parser parsing partial partition parts pass passed passes
    passphrase password passwords past patches patching path paths patience pattern pauses payload peer peers people per
    percentage performance perhaps permanently permission permissions permit permitted persistent person physical picture pid pids
    piece pieces pinned pipeline placed placement placements places plain planned plans playbook please pleg plpgsql plugin
    plugins podgroup podresources point pointer pointers points policies pooler populated ports position positive possible post
    postcondition postconditions posting posts precision predecessor preempt preempted preempting preemption preferred prepare
    present preshoutdown preshutdown press pressed pressure preview previous previously printable prior prioritized priority
    private process processed processing processor production profiles program programmer programs progressed progressive
    projection promise promises promoted promotes promotion propagated propagation proposing protection protocols prove proven
    proves provided provider providers provision provisioned provisioner provisioning proxy pruned psycopg public published pull
    pulled pulling pure put puts pv pvc quantity queries query querying queued queues quick quorum quote race raise raised raises
    ran random range rather raw reach reaches readable reader readiness reading really rebooted receive received reclaim reconcile
    reconciler reconciles reconciliation reconciling recorded recorder records recovered recreate recursive recycler redact
    redacted redirect redirects ref reference referenced references referencing refers refresh refreshed refusal refuse refused
    refuses refusing regarded regclass regex register registered registering registration registry rejected relabel relationship
    released releasing relevant relowner rely remaining remember remembered remembering remembers remove removed removes removing
    rename rendering renew renewal renewed renewing renews repeat repeated replace replaced replacement replaces report repository
    repr represent requested requester requesting requeueing requeuing required requirements requires reservation reserve reserved
    reset resize resized resizer resizes resolv resolve resolved resolves resourceclaim response responsible restarted restarting
    restore restored restoring restricted rests result results resume resumed resumes retention retried retries retrieve
    retrieving retry retrying return returned returns revert review reviewed reviews revisions revocation revoke revokes rewrite
    right rights rightsize rise risk rolcanlogin rolcreaterole role roles roll rolled rolling rolls rolname rolsuper room root
    rootfs rotate round rounds route routes routing row rowid rows rpc rs rsa runner runtime safe sake sandbox sandboxes satisfied
    satisfy satisfying saw scalar scale scaled scaler scales scaling scheduled scheduler scheduling schema schemaname schemas
    scheme scope scoped scopes score scoring screen screens sealed seals sec secs sections see sees select selected selecting
    selectors selects self send sending sends sent sentence sentences sequence sequences serial serialize serializing serve served
    session sessions sets setting settings settled setup several share shares sharing shell shipped short shortest should show
    showed showing shown shows shrinks shutdown shutting sighting sightings sign signal signature signed signer signing signs
    silence since single sink six sized sizes skew skip skipped skipping skips slash sleep sleeps slept slice slices slot socket
    solver solvers somebody something sooner sort sorted space spaces span spans speak speaks spec specified specify specifying
    spells spite spliced split spoke spoken spread sql sqlite stage stamp stamped stamps stand standard stands start started
    starting starts startup stat statement statements static stats stay stays stood stopped stops storage stored storing straight
    strategy stream stretch stretches strict string strings study sub subdir subdomain subjects subrequests subresource subset
    substring subtree succeed succeeded success successful successfully sufficient sum superuser supplied support supported sure
    surges suspend suspended suspends swap switch switched symbolic sync synced synchronous syncing sysctl system systemd table
    tablename tableowner tables tag tail taint taints taken takes taking targeted targets task tell tells temp templates temporary
    ten terminal terminals terminate termination terms tested tester testers testing tests text texts tfdash theirs themselves
    these thing things thousandths thread three threshold through thrown tidies tightest timed timeout timestamp timestamptz
    timezone today together tokens told tolerate tolerated tombstone took tool top topic topology total touch touches tracked
    tracking trailing transaction transient transition transitioned translate transport travel travels tree tried tries triggered
    triggers trip trouble trusted trusts truth try trying tuples turn turns twice typed typeof types typing uid unable
    unauthorized unavailable unchanged uncordon uncounted undefined underneath understood undo undoes undone unexpected
    unexpectedly unhandled unhealthy unified unique unless unmarshal unmarshaling unmarshalling unmounted unnest unready
    unrecognised unrecognized unrecorded unschedulable unseen unset unsettled unsupported untolerated unused unverified updates
    updating upgrade upon upstream uptime url usage usages use username using usual usually utilization validate validating
    validation values variable vcert vector verb verdicts verification verified verifies verify very via victims view violates
    virtual void vouch vouched vouches waited waive waiver waives walked walking wall want wanted wanting wants wasn watch watched
    watcher watchers watches watching webhook weekly weights went whatever whenever wherever whichever white whoever whom wiretype
    withdrawn word words work workqueue works worse worst wrapper write writer writers writes writing written wrong wrote
    xlistenerset year years younger yours zeroblob zeros zones
"""
MESSAGE_WORDS = frozenset(_SAID.split())
