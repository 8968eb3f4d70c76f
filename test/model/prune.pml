/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * prune.pml - does a prune ever take away what a backup needs?
 *
 * Backups, prunes, repacks and forgets by several hosts on one repository, in
 * every order in which their steps can come.  What is kept, and what its
 * parts are called, is in doc/format.md ("The repository"); the protocol, why
 * it is so and what the mutants (M_...) stand for in
 * doc/decisions/0008-prune.md.  test_prune_model.py runs it.
 *
 * The store can put an object unless there is one of its name, get one, list
 * names one by one, and delete.  Each of these is one step here.  Whoever is
 * killed or stalls is merely never scheduled again, so every point of death is
 * in every search; only a writer that comes back needs code of its own.
 *
 * The safety that is asserted is a reader's: at any moment, each piece that a
 * backup needs is in the packs in which format.md ("What counts") tells a
 * reader to look, and those are there.
 *
 * Sizes, by -D:
 */
#ifndef WRITERS
#define WRITERS 2        /* hosts that make one backup each: 1 or 2 */
#endif
#ifndef PRUNERS
#define PRUNERS 1        /* hosts that prune: 1 or 2 */
#endif
#ifndef ROUNDS
#define ROUNDS 2         /* how often each of them does */
#endif
#ifndef PACKS
#define PACKS 3          /* names of packs: how many can ever be made */
#endif
#ifndef REPACKS
#define REPACKS 0        /* how many of the pruners repack first */
#endif
#ifndef RESUMES
#define RESUMES 0        /* how often writer 1 is killed and comes back */
#endif
#ifndef AGAIN
#define AGAIN 0          /* 1: writer 1, broken or killed, tries with a new session */
#endif
#ifndef WANT1
#define WANT1 X          /* the piece that writer 1 backs up, and writer 2 */
#endif
#ifndef WANT2
#define WANT2 X
#endif
#ifndef OLD
#define OLD (BIT(X))     /* the pieces of the backup that there is already */
#endif

#define BIT(n) (1 << (n))
#define IN(set, n) (((set) & BIT(n)) != 0)

/* Two pieces.  Pack 0, there from the start, holds both. */
#define X 0
#define Y 1
#define PIECES 2

/* Sessions: 0 made the backup that is there at the start; then those of the
 * writers, the second one of writer 1, and those of the pruners that repack. */
#define SPARE (WRITERS + 1)
#define REPACKER (SPARE + AGAIN)
#define SESSIONS (REPACKER + REPACKS)

/* A session: sessions/S is not there; is there, but no outcomes/S; and the two
 * outcomes. */
#define NONE 0
#define OPEN 1
#define COMMITTED 2
#define BROKEN 3

/* ---- what is in the store ---- */

byte stored = BIT(0);         /* packs/: those that are there */
byte used = BIT(0);           /* their names: random, so never used again */
byte holding[PIECES] = BIT(0);  /* of each piece: the packs made with it */
byte session[SESSIONS];
byte part[SESSIONS];          /* the packs that a session's index parts name */
byte root[SESSIONS];          /* pieces of its backup; none of a repack */
byte forgets;                 /* forgets/: the sessions named there */

/* The newest of heads/.  Phase 1: "condemned" may not be referred to any more;
 * 2: they are being deleted. */
byte head = 1;
byte phase;
byte condemned;
byte base = BIT(0);           /* packs that are in the base's index parts */
byte known = BIT(0);          /* sessions whose index parts are in the base */

/* Does what is searched happen at all?  A W_... makes it an error. */
#ifdef W_REPACKED       /* a pack goes that still had something live in it */
#define SEE_REPACKED assert(!IN(set, 0) || IN(forgets, 0))
#else
#define SEE_REPACKED skip
#endif
#ifdef W_RESCUED        /* a condemned pack stays */
#define SEE_RESCUED assert((condemned & seen & ~set) == 0)
#else
#define SEE_RESCUED skip
#endif
#ifdef W_ADOPTED        /* a prune that somebody else began is ended */
#define SEE_ADOPTED assert(phase == 0)
#else
#define SEE_ADOPTED skip
#endif
#ifdef W_RESUMED        /* who came back goes on with what it had put */
#define SEE_RESUMED assert((mine & made) == 0)
#else
#define SEE_RESUMED skip
#endif
#ifdef W_BEGUNAGAIN     /* a broken writer is done in the end */
#define SEE_BEGUNAGAIN assert(s != SPARE || session[s] != COMMITTED)
#else
#define SEE_BEGUNAGAIN skip
#endif

/* Scratch: used within one step only. */
hidden byte i_, all_, seen_, live_, sure_;

/* ---- what a reader does (format.md, "What counts") ---- */

/* To be said where a step changes what a reader meets. */
inline reader_finds_all()
{
	seen_ = base;
	live_ = 0;
	for (i_ : 0 .. SESSIONS - 1) {
		if
		:: session[i_] == COMMITTED ->
			if
			:: !IN(known, i_) -> seen_ = seen_ | part[i_]
			:: else
			fi;
			if
			:: !IN(forgets, i_) -> live_ = live_ | root[i_]
			:: else
			fi
		:: else
		fi
	}
	for (i_ : 0 .. PIECES - 1) {
		if
		:: IN(live_, i_) ->
			all_ = seen_ & holding[i_];
			sure_ = all_ & ~condemned;
			if
			:: sure_ == 0 -> sure_ = all_
			:: else
			fi;
			/* Any of these may be the one that is read. */
			assert(sure_ != 0 && (sure_ & ~stored) == 0)
		:: else
		fi
	}
	i_ = 0; all_ = 0; seen_ = 0; live_ = 0; sure_ = 0
}

/* ---- steps that writers and pruners share ---- */

/* May the pack that holds what is looked for be believed to stay?  Only a
 * commit says so; and what the head knows is in its base, or deleted. */
#ifdef M_TRUSTUNCOMMITTED
#define BELIEVED(s) (session[s] != NONE)
#else
#define BELIEVED(s) (session[s] == COMMITTED)
#endif
#ifdef M_FRAGDANGLE
#define FOLDED(s, into) false
#define FIRST(to_live) 0
#else
#define FOLDED(s, into) IN(into, s)
#define FIRST(to_live) (to_live -> 0 : 1)    /* 0 is in the base */
#endif

/* Get the newest head, then the outcomes that it does not know, one by one:
 * "seen" is where pieces are, "banned" what may not be referred to, and "live"
 * what backups need. */
inline read_index(to_live)
{
	atomic {
		seen = base;
		banned = condemned;
		folded = known;
		at = FIRST(to_live);
		at = (at == s -> at + 1 : at)
	};
	do
	:: d_step { at < SESSIONS ->
		if
		:: BELIEVED(at) && !FOLDED(at, folded) ->
			seen = seen | part[at]
		:: else
		fi;
		if
		:: to_live && session[at] == COMMITTED &&
			!IN(forgets, at) -> live = live | root[at]
		:: else
		fi;
		at = (at + 1 == s -> at + 2 : at + 1) }
	:: at >= SESSIONS -> break
	od;
	at = 0;
	folded = 0
}

/* Put a pack; "made" is 0 if the model has no more names. */
#ifdef M_COMMITFIRST
#define PUT_NOW 0
#else
#define PUT_NOW made
#endif
inline put_pack(inside)
{
	made = 0;
	for (i_ : 0 .. PACKS - 1) {
		if
		:: made == 0 && !IN(used, i_) -> made = BIT(i_)
		:: else
		fi
	}
#ifdef M_REUSE
	made = BIT(0);
#endif
	used = used | made;
	stored = stored | PUT_NOW;
	for (i_ : 0 .. PIECES - 1) {
		if
		:: IN(inside, i_) -> holding[i_] = holding[i_] | made
		:: else
		fi
	}
	i_ = 0
}

/* Put outcomes/S unless there is one: after it, one of the two stands. */
inline commit(which, needs)
{
#ifdef M_NOCAS
	session[which] = COMMITTED;
#endif
	if
	:: session[which] == OPEN -> session[which] = COMMITTED
	:: else
	fi;
	if
	:: session[which] == COMMITTED -> root[which] = needs
	:: else
	fi;
	reader_finds_all()
}

/* ---- a backup of one piece ---- */

#ifdef M_TRUSTPARENT
#define WRITERS_ASK true
#else
#define WRITERS_ASK false
#endif
#ifdef M_TRUSTUNCOMMITTED
#define NOTE part[s] = part[s] | made    /* they are there, by themselves */
#else
#define NOTE skip
#endif
#ifdef M_KEEPGONE
#define THERE mine                       /* it was there once */
#else
#define THERE stored
#endif
#define OR_DIE :: lives > 0 -> goto killed

proctype writer(byte s; byte want)
{
	byte seen, banned, folded, live, at, made;
	byte mine;          /* packs it put, by a note on its own host */
	byte lives = (s == 1 -> RESUMES : 0);

open_session:
#ifdef M_READFIRST
	read_index(WRITERS_ASK);
	session[s] = OPEN;
#else
	session[s] = OPEN;
look:
	read_index(WRITERS_ASK);
#endif
	/* Is the piece there already?  A pack of one's own is as good as one
	 * of a commit's: no prune can pass step 3 while this session is open.
	 * One of a session before is so too if it is there though no prune is
	 * under way: each that comes will wait for this session. */
	d_step {
#if AGAIN && !defined(M_KEEPPACKS)
		if
		:: s == SPARE -> mine = (banned == 0 -> mine & THERE : 0)
		:: else
		fi;
#endif
#ifdef M_TRUSTPARENT
		/* What a backup needs that is there must be there as well. */
		banned = (IN(live, want) -> 0 : banned);
#endif
		made = (mine | (seen & ~banned)) & holding[want];
		SEE_RESUMED;
		seen = 0;
		banned = 0;
		live = 0
	};
	if
	:: made != 0 -> made = 0
	:: else ->
		if
		:: d_step { put_pack(BIT(want)) }
		OR_DIE
		fi;
		if
		:: made == 0 -> goto end
		:: else
		fi;
		/* Killed before the note is made: nobody will know this pack. */
		if
		:: d_step { NOTE; mine = mine | made }
		OR_DIE
		fi
	fi;
	/* Index parts are found by their outcome, so putting them is no step of
	 * its own. */
	if
	:: d_step { part[s] = mine; commit(s, BIT(want)); SEE_BEGUNAGAIN }
	OR_DIE
	fi;
#ifdef M_COMMITFIRST
	stored = stored | made;
#endif
#if RESUMES
	/* Killed behind its commit: when it comes back it has to find that. */
	if
	:: goto ended
	OR_DIE
	fi;
#else
	goto ended;
#endif

killed:
	lives--;
	d_step { seen = 0; banned = 0; live = 0; made = 0 };
#ifndef M_READFIRST
	if
	:: session[s] == OPEN -> goto look
#if AGAIN
	:: s == 1 && session[s] == OPEN -> goto anew
#endif
	:: else
	fi;
#endif
ended:
	if
	:: AGAIN && s == 1 && session[s] == BROKEN -> goto anew
	:: else -> goto end
	fi;
anew:
	s = SPARE;
	goto open_session;
end:
	lives = 0;
	d_step { made = 0; mine = 0 }
}

/* ---- forget: any backup, at any time after its commit, or never ---- */

#define MAY_FORGET(s) session[s] == COMMITTED && !IN(forgets, s)
proctype forgetter()
{
end:
	do
	:: d_step { MAY_FORGET(0) -> forgets = forgets | BIT(0) }
#if REPACKER > 1
	:: d_step { MAY_FORGET(1) -> forgets = forgets | BIT(1) }
#endif
#if REPACKER > 2
	:: d_step { MAY_FORGET(2) -> forgets = forgets | BIT(2) }
#endif
#if REPACKER > 3
	:: d_step { MAY_FORGET(3) -> forgets = forgets | BIT(3) }
#endif
	od
}

/* ---- prune; the numbers are those of the protocol's steps ---- */

#ifdef M_NORELIST
#define LIVE_AGAIN false
#else
#define LIVE_AGAIN true
#endif
#ifdef M_REPACKEARLY
#define EARLY part[REPACKER]    /* though nothing says so but its own host */
#else
#define EARLY 0
#endif
#ifdef M_KNOWNONLY
#define LEFT_OUT part[REPACKER]
#else
#define LEFT_OUT 0
#endif
#ifdef M_HEADBLIND
#define NEWEST(n) true
#else
#define NEWEST(n) (head == (n))
#endif

/* Which of "these" packs can go, if the "others" stay: each live piece in
 * them is in another one of "others".  The answer is left in all_. */
inline superfluous(these, others)
{
	all_ = (these);
	for (i_ : 0 .. PACKS - 1) {
		if
		:: (IN(live, X) && IN(holding[X], i_) &&
			((others) & holding[X] & ~BIT(i_)) == 0) ||
		   (IN(live, Y) && IN(holding[Y], i_) &&
			((others) & holding[Y] & ~BIT(i_)) == 0) ->
			all_ = all_ & ~BIT(i_)
		:: else
		fi
	};
	i_ = 0
}

/* Repack: what is live in a pack is put into a new one, and that is
 * committed, as a writer would.  Step 2 finds the old one superfluous. */
inline repack(own)
{
	session[own] = OPEN;
	read_index(true);
	d_step {
		/* The first pack that has something live, and what that is. */
		seen = seen & ~banned;
		banned = 0;
		made = 0;
		for (i_ : 0 .. PACKS - 1) {
			if
			:: banned == 0 && IN(seen & stored, i_) ->
				made = (IN(live, X) && IN(holding[X], i_)
					-> BIT(X) : 0) |
					(IN(live, Y) && IN(holding[Y], i_)
					-> BIT(Y) : 0);
				banned = (made != 0 -> BIT(i_) : 0)
			:: else
			fi
		};
		live = made;
		seen = 0;
		banned = 0;
		made = 0;
		i_ = 0
	};
	if
	:: live != 0 ->
		d_step { put_pack(live); live = 0 };
		d_step {
			part[own] = made;
			made = 0;
#ifndef M_REPACKEARLY
			if
			:: part[own] != 0 -> commit(own, 0)
			:: else
			fi
#endif
		}
	:: else
	fi;
	live = 0
}

/* List outcomes and forgets, one by one: "seen" is added to by commits that
 * the head does not know, which are "fold"; "live" is what backups need. */
#ifdef M_RECONS
#define NEW(s) true
#else
#define NEW(s) (!IN(known, s))
#endif
inline list_outcomes(to_live)
{
	do
	:: d_step { at < SESSIONS ->
		if
		:: session[at] == COMMITTED && NEW(at) ->
			seen = seen | part[at];
			fold = fold | BIT(at)
		:: else
		fi;
		if
		:: to_live && session[at] == COMMITTED &&
			!IN(forgets, at) -> live = live | root[at]
		:: else
		fi;
		at++ }
	:: at == SESSIONS -> break
	od;
	at = 0
}

proctype pruner(byte s)
{
	byte n, step, seen, live, fold, set, at, made, banned, folded;
	byte round;

again:
	/* Whoever repacks looks first whether a prune is under way. */
	if
	:: REPACKS && s < SESSIONS && session[s] == NONE && phase == 0 ->
		repack(s)
	:: true
	fi;

	/* 1.  Get the newest head.  A prune that is under way is adopted. */
	d_step {
		SEE_ADOPTED;
		n = head;
		step = phase;
		set = (step == 2 -> condemned : 0)
	};
	if
	:: step == 0 ->
		/* 2.  List packs, then what is live.  Condemned is what nobody
		 * needs, and at most one pack that is superfluous. */
		set = stored;
		seen = base;
		list_outcomes(true);
		d_step {
			superfluous(set & seen, 0);
			set = all_ | (set & ~seen);
			superfluous(seen & ~set, (seen & ~set) | EARLY);
			seen = all_;
			all_ = 0;
#ifndef M_NORELIST
			live = 0;
#endif
			fold = 0
		};
		/* Any one of them, or none. */
		do
		:: at < PACKS && IN(seen, at) -> set = set | BIT(at); break
		:: at < PACKS -> at++
		:: at == PACKS -> break
		od;
		at = 0;
		d_step {
			seen = 0;
			if
			:: NEWEST(n) ->
				condemned = set;
				phase = 1;
				head++;
				n = head;
				step = 1
			:: else
			fi;
			set = 0;
			reader_finds_all()
		}
	:: else
	fi;

	if
	:: step == 1 ->
#ifndef M_NOWAIT
		/* 3.  List the sessions that have no outcome; wait for each to
		 * get one, or break it. */
		at = 1;
		do
		:: d_step { at < SESSIONS ->
			set = set | (session[at] == OPEN -> BIT(at) : 0);
			at++ }
		:: at == SESSIONS -> break
		od;
		do
		:: d_step { at > 0 && !IN(set, at - 1) -> at-- }
		:: d_step { at > 0 && IN(set, at - 1) &&
			session[at - 1] != OPEN -> at-- }
		:: d_step { at > 0 && IN(set, at - 1) &&
			session[at - 1] == OPEN ->
			session[at - 1] = BROKEN;
			at-- }
		:: at == 0 -> break
		od;
		set = 0;
#endif
		/* 4.  List outcomes again.  What turns out to be needed is
		 * rescued; the rest is dead.  The head's base takes up what
		 * was committed, without the dead. */
		seen = base;
		list_outcomes(LIVE_AGAIN);
		d_step {
#if defined(M_NORESCUE)
			all_ = condemned;
#elif defined(M_MUTUAL)
			superfluous(condemned & seen, seen);
#else
			superfluous(condemned & seen,
				(seen & ~condemned) | EARLY);
#endif
			set = all_ | (condemned & ~seen);
			all_ = 0;
			live = 0;
			if
			:: NEWEST(n) ->
				SEE_RESCUED;
				condemned = set;
				base = seen & ~(set | LEFT_OUT);
				known = known | fold;
				phase = 2;
				head++;
				n = head;
				step = 2
			:: else -> set = 0
			fi;
			seen = 0;
			fold = 0;
			reader_finds_all()
		}
	:: else
	fi;

	if
	:: step == 2 ->
		/* 5.  Delete the dead; again, if somebody has before. */
		do
		:: d_step { at < PACKS && IN(set, at) ->
			SEE_REPACKED;
			stored = stored & ~BIT(at);
			set = set & ~BIT(at);
			at++;
			reader_finds_all() }
		:: d_step { at < PACKS && !IN(set, at) -> at++ }
		:: at == PACKS -> break
		od;
		at = 0;
		/* 6.  Nothing is condemned any more. */
		d_step {
			if
			:: NEWEST(n) ->
				condemned = 0;
				phase = 0;
				head++;
#ifdef M_CLEANBREAKS
				for (i_ : 1 .. SESSIONS - 1) {
					if
					:: session[i_] == BROKEN ->
						session[i_] = OPEN
					:: else
					fi
				};
				i_ = 0;
#endif
#ifdef M_CLEANFORGOTTEN
				for (i_ : 1 .. SESSIONS - 1) {
					if
					:: IN(forgets, i_) ->
						session[i_] = OPEN;
						forgets = forgets & ~BIT(i_);
						known = known & ~BIT(i_)
					:: else
					fi
				};
				i_ = 0;
#endif
				reader_finds_all()
			:: else
			fi
		}
	:: else
	fi;

	d_step { n = 0; step = 0; live = 0; round++ };
	if
	:: round < ROUNDS -> goto again
	:: else -> round = 0
	fi
}

init {
	atomic {
		session[0] = COMMITTED;
		root[0] = OLD;
		part[0] = BIT(0);
		run pruner(REPACKER);
#if PRUNERS > 1
		run pruner(REPACKER + 1);
#endif
		run writer(1, WANT1);
#if WRITERS > 1
		run writer(2, WANT2);
#endif
		run forgetter()
	}
}
