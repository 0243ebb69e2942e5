"""Words for what is asked for and for what tools do, by family, in four languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = ["READ", "STEMS", "TOOL_WORDS"]

READ: Final = "read"
STEMS: Final[Mapping[str, str]] = {
    READ: """
        summar list* show$ shows$ display find$ search look$ read$ explain translat compar count*
        check*
        review* describ analy inspect view* browse fetch know$ lookup query what$ which$ how$ when*
        who$
        where$ why$ is* are* was* did* does* has* tell-me give-me read-me tell-us status retriev
        preview
        monitor$ download
        wer$ was$ wie$ wann* wo* warum$ welche zeig liste* fass$ fasse$ zusammenfass lies$ lese$
        such
        finde$ find erklar ubersetz vergleich pruf zahl-die sag-mir gib-mir nenn
        qui* que* quel quand$ combien pourquoi resum montr cherch trouv expliqu tradui compar verifi
        affich donne-moi dis-moi
        quien cual cuant cuando* donde* muestr lee$ busca encuentr explic traduc comprueb verifica
        dime$ dame$ ensen lista*
    """,
    "communicate": """
        send$ sends$ sending$ sent$ forward reply answer* respond write* tell$ thank inform notif
        email*
        mail* message* text* sms$ post* call$ phone* dial contact* announc apolog draft* ask*
        invite ping
        react confirm chat reach whatsapp tell-him
        schick sende$ senden$ sendet schreib antwort beantwort leite$ leiten$ weiterleit sag$ sage$
        sagen$
        teile-* informier bestatig bedank benachrichtig frag$ frage$ ruf$ rufe$ entschuldig
        envoi envoy repond reponds ecri transfer transmet informe remerci previen appel confirm dis$
        envia enviar responde reenvi confirma dile$ diles$ avisa agradec informa llama comunic
        contest
        escrib rsvp$
    """,
    "pay": """
        pay$ pays$ paid* payment* payments* payout settle transfer* remit wire$ payroll$ spend tip$
        uberweis zahle$ zahl$ zahlen$ bezahl begleich
        paie$ paye$ payer$ regle$ regler$ vire$ virement verse$ verser$
        paga$ pagar$ pago$ transfier ingres
    """,
    "refund": """
        refund reimburs credit* payback chargeback* send-back pay-back
        erstatt gutschreib ruckzahl
        rembours avoir* credit*
        reembols devuelv abona$ abono$ abonar$ bonific
    """,
    "buy": """
        buy$ buys$ purchas order* reorder subscrib* renew* upgrad*
        kauf bestell* nachbestell
        achet command* rachet
        compra* pide$ pedir$ encarg pedido* haz-el-pedido
    """,
    "book": """
        book* booking* rebook reserv rent* hire* book-it
        buche$ buchen$ umbuch miete* reservier
        lou*
        alquil
    """,
    "schedule": """
        schedul plan* arrang block* set-up rsvp$ meeting* invite* calendar* event*
        plane$ planen$ vereinbar verabred blockier
        planifi organis fixe*
        program agend* bloque
    """,
    "create": """
        create creat add$ adds$ open* make$ log* note* enter$ record* put$ save$ append insert
        register*
        file* write* claim* enroll enrol$ sign-up submit start* remind upload setup generat build*
        new$ connect
        extend attach$ copy* give$ issue* store* include commission print*
        anleg lege$ erstell trag$ trage$ eintrag fuge$ hinzufug eroffn speicher notier melde$
        offne$ kopier
        cree$ creer$ creez ajout ouvr enregistr inscri note* mets$ copie*
        crea$ crear$ anad abre$ abrir$ guarda registr anota inscrib haz$ pon$ copia*
    """,
    "update": """
        update set$ sets$ change* edit modif raise* lower* adjust assign reassign tag$ tag* label*
        renam move*
        reschedul postpon shift* mark$ mark* correct* fix* scal increas decreas switch replac
        convert sort*
        escalat prioriti overwrit patch* amend apply* configur clean-up rate* rebook reroute put$
        make$
        segment* enrich
        ander setz$ setze$ aktualisier weis$ weise$ benenn verschieb erhoh senk korrigier markier
        skalier
        zuweis umbenenn eskalier
        modifi chang deplac renomm corrig report* assign actualis met$ remplac
        actualiz cambia modific mueve$ mover$ sube$ renombr corrig asign ajust segmenta
    """,
    "archive": "archiv",
    "delete": """
        delete remov eras drop$ purg clear* unsubscrib destroy terminat wipe$ trash discard strip
        take-off
        losch entfern streich
        supprim effac retir enlev detrui
        borra elimin quita$ quitar$ destru
    """,
    "cancel": """
        cancel declin reject call-off revok withdraw undo$ rollback roll-back
        stornier absag sag$ lehn$ lehne$ ablehn
        annul refus
        cancela anula rechaz
    """,
    "close": """
        close* resolv complet* finish* solv
        schliess schliesse$ erledig
        ferm clotur
        cierra cerrar$ resuelv
    """,
    "merge": "merg fuse$ combin zusammenfuhr fusion fusiona vereinig",
    "approve": """
        approv accept grant* allow authori sign* confirm admit
        genehmig nimm$ annehm akzeptier bestatig freigeb
        approuv accord valid
        aprueb aprob acept autoriz
    """,
    "permission": """
        share* shares$ sharing give$ gib$ donne$ da$ permission access role* rights$ grant grants
        admin* owner publish public* privileg
        collaborator sudo visibility whitelist trust* protect* promot organizer ownership credential
        freigab freigeb teile$ teilen$ zugriff recht$ berechtig
        partag acces$ droit
        compart permiso acceso
    """,
    "run": """
        restart reboot deploy rollback roll-back install run$ execut exec$ ship$ ships$ renew*
        launch
        scal trigger provision command$ shell
        starte$ neustart deploye fuhre$
        redemarr lanc execut
        reinici ejecut lanza despleg
    """,
    "submit": "submit vote$ survey$ abstimm",
    "checkin": "checkin check-in",
    "transmit": "upload export sync$ push$ exfil transmit webhook* hochlad televers subir$ exporta",
    "webcall": "http$ url$ request* curl$ api$ navigate visit$",
}  # fmt: skip
"""Stems by family; with a hyphen, words in a row."""

TOOL_WORDS: Final[Mapping[str, str]] = {
    "pay": "pay payment payments money funds transfer bank virement paypal transferir bizum "
    "ueberweisung donate",
    "refund": "refund refunds reimbursement chargeback avoir credit",
    "buy": "buy order orders purchase checkout subscribe upgrade commande pedido",
    "book": "book booking reserve reservation rent reserver reservar",
    "communicate": "send email mail sms call message reply post notify forward respond dial "
    "chat comment",
    "schedule": "invite meeting event calendar",
    "create": "create add open new insert log file register note append save put enroll copy "
    "creer crear",
    "update": "update set edit change modify assign move rename tag mark escalate switch "
    "overwrite patch replace label",
    "archive": "archive",
    "delete": "delete remove drop purge unsubscribe destroy terminate erase wipe trash",
    "cancel": "cancel decline reject revoke rollback",
    "close": "close resolve complete",
    "approve": "approve accept confirm grant aprobar confirmar accepter approuver",
    "merge": "merge",
    "permission": "share permission permissions role grant collaborator protection sharing "
    "visibility ownership organizer admin trusted whitelist acl ssh key",
    "run": "restart deploy run exec execute install scale ship renew command shell trigger sql",
    "submit": "submit survey vote",
    "checkin": "checkin",
    "transmit": "upload export sync webhook push",
    "webcall": "http request url navigate",
}  # fmt: skip
"""Whole words in the names of tools; a name's own language is mostly English."""
